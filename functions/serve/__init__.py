"""What people and bells reach over HTTP; each file is one entry point of `functions.main`, or what several need."""
