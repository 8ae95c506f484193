"""The demo: real documents, real questions, and a check that everything went as it should."""
