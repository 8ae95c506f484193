"""The `rivulet` command: starts the local stack, uploads, asks, watches, shows the demo."""
