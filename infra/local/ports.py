"""Free TCP ports on this machine's loopback address."""

import fcntl
import functools
import os
import socket
import tempfile
from pathlib import Path

HOST = "127.0.0.1"


def choose(usual: int) -> int:
    """`usual` when it can be had, else a port that the system says is free.

    Until this process ends no other one is given the port: stacks that start together choose before they listen.
    """
    port = usual
    while not (_reserve(port) and is_free(port)):
        port = any_free()
    return port


def _reserve(port: int) -> bool:
    """Whether the port is this process's own among all that choose."""
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@functools.cache
def _reservations() -> int:
    """A file whose bytes stand for the ports of their numbers. It is never closed: that would give up the locks."""
    file = Path(tempfile.gettempdir()) / f"rivulet-ports-{os.getuid()}.lock"
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


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
