"""Auth (``/auth/v1``): people, passwords and sessions, as GoTrue answers."""
