"""Faults are reported to Sentry, without what people wrote and without secrets."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.local import ports

SCRIPT = """
import structlog
from functions.telemetry import start
from schema.settings import Settings

settings = Settings.from_env({
    "SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_SECRET_KEY": "sb_secret_hidden", "TOGETHER_API_KEY": "k",
    "CHROMA_URL": "http://localhost:8000", "SENTRY_DSN": %r, "APP_ENV": "staging",
})
start.configure(settings, "rivulet-respond")
log = structlog.get_logger()
salary = "gross " + str(42 * 100)  # for the source is told
with structlog.contextvars.bound_contextvars(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", queue="respond", job=7):
    log.warning("only a warning")
    try:
        raise ValueError("could not use sb_secret_hidden")
    except ValueError as error:
        log.error("handler_fault", exc_info=error)
    log.error("listener_task_died", task="sweep")
"""


@pytest.fixture
def sentry() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes in envelopes, and the events of those."""
    events: list[dict[str, Any]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            lines = [json.loads(line) for line in body.splitlines() if line]
            events.extend(line for line in lines if "event_id" in line and "level" in line)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((ports.HOST, 0), Taker)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://key@{ports.HOST}:{server.server_port}/1", events
    server.shutdown()
    server.server_close()


def test_errors_are_reported_redacted_and_with_their_trace(sentry: tuple[str, list[dict[str, Any]]]) -> None:
    address, events = sentry

    subprocess.run([sys.executable, "-c", SCRIPT % address], check=True, capture_output=True, env={**os.environ})

    fault, died = events
    assert fault["exception"]["values"][-1]["value"] == "could not use [secret]"
    assert died["message"] == "listener_task_died"
    for event in events:
        assert event["tags"] == {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "queue": "respond", "job": "7"}
        assert (event["environment"], event["server_name"]) == ("staging", "rivulet-respond")
        whole = json.dumps(event)
        assert "sb_secret_hidden" not in whole
        assert "4200" not in whole
        assert '"vars"' not in whole
