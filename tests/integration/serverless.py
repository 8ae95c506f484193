"""Functions as processes of the real framework, and callers: people with tokens, bells with signatures."""

import base64
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import psutil

from functions.serve.signature import sign
from infra.local import ports
from tests import databases, serving
from tests.waiting import eventually

SOURCE = Path(__file__).parents[2] / "functions" / "main.py"
KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
PAGE = "https://app.example.com"
START_SECONDS = 60.0


def environment(database: databases.Database, url: str, chroma: str, models: str) -> dict[str, str]:
    """The settings of functions in front of a test's project; there is no cache."""
    return {
        "SUPABASE_URL": url,
        "SUPABASE_SECRET_KEY": database.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": database.publishable_key,
        "JWT_SECRET": database.jwt_secret,
        "FRONTEND_URL": PAGE,
        "RIVULET_WEBHOOK_SECRET": SECRET,
        "QUESTIONS_PER_MINUTE": "0",
        "CHROMA_URL": chroma,
        "TOGETHER_BASE_URL": models,
        "EMBEDDING_MODEL": "rivulet/all-minilm-l6-v2-int8",
        "CHAT_MODEL": "rivulet/extractive-1",
    }


@dataclass(frozen=True)
class Served:
    """A function that listens."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def ring(self, content: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Call with a signature that is right, except for what `headers` say otherwise."""
        body = json.dumps(content or {}).encode()
        return httpx.post(self.url, content=body, headers={**signed(body), **headers}, timeout=60)


class Functions:
    """Starts functions; all end with `stopped`."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._running = ExitStack()

    @contextmanager
    def stopped(self) -> Iterator["Functions"]:
        with self._running:
            yield self

    def serve(self, target: str, *options: str, **changed: str) -> Served:
        """Serve one function by the framework's command, from a folder that is not the project's."""
        port = ports.any_free()
        command = ["-m", "functions_framework", "--source", str(SOURCE), "--target", target, "--port", str(port)]
        log = self._folder / f"{target}-{port}.log"
        process = subprocess.Popen(
            [sys.executable, *command, "--host", ports.HOST, *options],
            env={**os.environ, **self._environment, **changed},
            cwd=self._folder,
            stdout=self._running.enter_context(log.open("wb")),
            stderr=subprocess.STDOUT,
        )
        self._running.callback(_end, process)
        eventually(lambda: _assert_listens(process, port, log), within=START_SECONDS)
        return Served(f"http://{ports.HOST}:{port}/", process, log)


def _assert_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    if process.poll() is not None:
        raise RuntimeError(f"the function ended with {process.returncode}:\n{log.read_text()[-4000:]}")
    assert serving.listens(port)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let go of what is running: it is the end of a test, and of its database."""
    for child in _children(process):
        child.kill()
    if process.poll() is None:
        process.kill()
    process.wait(10)


def _children(process: subprocess.Popen[bytes]) -> list[Any]:
    try:
        found: list[Any] = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found


def signed(body: bytes, message: str | None = None, at: float | None = None, key: bytes = KEY) -> dict[str, str]:
    """The headers of a signed webhook."""
    message = message or f"test_{uuid.uuid4().hex}"
    timestamp = str(round(time.time() if at is None else at))
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(key, message, timestamp, body),
        "content-type": "application/json",
    }


def token(user: uuid.UUID, secret: str, **changed: Any) -> str:
    """An access token as Auth signs it."""
    claims = {"sub": str(user), "role": "authenticated", "aud": "authenticated", "exp": time.time() + 3600, **changed}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm="HS256")
