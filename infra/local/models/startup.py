"""What keeps the server from starting."""

from __future__ import annotations


class StartupError(Exception):
    """The server cannot start; str() says why and what to do."""
