"""Free TCP ports on this machine's loopback address."""

import os
import socket

HOST = "127.0.0.1"


def choose(usual: int) -> int:
    """`usual` when nothing listens on it, else a port that the system says is free."""
    return usual if is_free(usual) else any_free()


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with _socket() as candidate:
        try:
            candidate.bind((HOST, port))
        except OSError:
            return False
        return True


def any_free() -> int:
    """A port that nothing listens on; another process may still be faster than the caller."""
    with _socket() as candidate:
        candidate.bind((HOST, 0))
        port: int = candidate.getsockname()[1]
        return port


def _socket() -> socket.socket:
    candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        # Connections of a server that has just stopped may linger and are no obstacle to the next.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return candidate
