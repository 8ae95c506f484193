"""Keeps a test session to itself: no network, no settings from outside, no process left behind."""

import ipaddress
import os
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import psutil

MARK = "RIVULET_TEST_SESSION"
# What a developer's shell may hold and would make the tests speak to real services.
FOREIGN_VARIABLES = (
    "TOGETHER_API_KEY",
    "TOGETHER_BASE_URL",
    "OPENAI_API_KEY",
    "REDIS_URL",
    "CHROMA_URL",
    "DATABASE_URL",
    "SENTRY_DSN",
    "RIVULET_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)


def begin() -> None:
    """Scrub the environment, mark it for `end_left_processes`, and forbid connections beyond this machine."""
    for name in FOREIGN_VARIABLES:
        os.environ.pop(name, None)
    os.environ[MARK] = uuid.uuid4().hex
    sys.addaudithook(_refuse_network)


def end_left_processes() -> Iterator[psutil.Process]:
    """The processes that tests started, directly or not, and that still run; each is killed once it was looked at."""
    mark, own = os.environ[MARK], os.getpid()
    for found in psutil.process_iter():
        if found.pid != own and _mark_of(found) == mark:
            yield found
            found.kill()


def _mark_of(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None
    return mark


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not _is_local(str(address[0])):
            raise PermissionError(f"a test tried to reach {address[0]!r}; tests use this machine alone")


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
