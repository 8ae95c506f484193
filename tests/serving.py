"""Starts real servers for tests: other programs as processes, our own applications in a thread."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import uvicorn
from starlette.types import ASGIApp

from infra.local import ports
from infra.local.gateway.realtime import WebSocketTransport
from tests.waiting import eventually

START_SECONDS = 30.0


class Run(NamedTuple):
    """How a program was started, and what it is now."""

    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes]


RUNS: list[Run] = []


@contextmanager
def process(
    command: list[str], environment: Mapping[str, str], healthy: Callable[[], bool]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends; the block starts when `healthy` holds."""
    with tempfile.TemporaryFile() as output:
        whole_environment = {**os.environ, **environment}
        started = subprocess.Popen(
            command,
            env=whole_environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        RUNS.append(run := Run(command, whole_environment, started))

        def ready() -> None:
            if started.poll() is not None:
                output.seek(0)
                raise RuntimeError(f"{command[:4]} ended with {started.returncode}:\n{output.read().decode()[-4000:]}")
            assert healthy(), f"{command[:4]} is not ready"

        try:
            eventually(ready, within=START_SECONDS)
            yield started
        finally:
            if started.poll() is None:
                started.send_signal(signal.SIGTERM)
            started.wait(timeout=20)
            RUNS.remove(run)


@contextmanager
def models(folder: Path) -> Iterator[str]:
    """The local model server, which keeps its files in a folder; yields its address without `/v1`."""
    port = ports.any_free()
    url = f"http://{ports.HOST}:{port}"
    environment = {"MODELS_HOST": ports.HOST, "MODELS_PORT": str(port), "MODELS_DIR": str(folder)}
    with process([sys.executable, "-m", "infra.local.models"], environment, lambda: answers(f"{url}/healthz")):
        yield url


@contextmanager
def application(make: Callable[[int], ASGIApp]) -> Iterator[str]:
    """Serve an application from a thread; `make` is given the port. Yields the address without trailing slash."""
    with socket.socket() as listening:
        listening.bind((ports.HOST, 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(make(port), log_level="warning", access_log=False, ws=WebSocketTransport)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="application")
        thread.start()
        try:
            eventually(lambda: _assert_started(server, thread), within=START_SECONDS)
            yield f"http://{ports.HOST}:{port}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive(), "the application did not stop"


def _assert_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    if not thread.is_alive():
        raise RuntimeError("the application stopped while starting; its log says why")
    assert server.started


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    try:
        return httpx.get(url, timeout=2.0).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of the loopback address."""
    with socket.socket() as client:
        client.settimeout(2.0)
        return client.connect_ex((ports.HOST, port)) == 0
