"""Commands that tell where an answer came from, and what would be different today."""
