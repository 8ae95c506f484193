"""Finding passages: the same for chat, search, the command line and evaluation."""
