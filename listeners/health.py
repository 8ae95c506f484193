"""Health over HTTP: `/healthz`, the process works; `/readyz`, it also reaches the queue; `/metrics`, for Prometheus;
`/queues`, how much there is to do in each, for whoever scales listeners.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.telemetry.engine import EngineGauges
from schema.jobs import WorkerReport
from schema.keys import Entry

# Reports are made every 15 seconds, and a call is given up after 10 and 30.
PATIENCE_SECONDS = 60.0


class _Server(uvicorn.Server):
    """Leaves the signals to the listener, which drains first."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Health:
    """What the addresses answer.

    `answered_at`: monotonic time of the latest reply to a claim or a report; `gauges`: the queues, for `/metrics`.
    """

    def __init__(
        self,
        describe: Callable[[], WorkerReport],
        answered_at: Callable[[], float],
        entry: Entry,
        gauges: EngineGauges,
    ) -> None:
        self._gauges = gauges
        self._describe = describe
        self._answered_at = answered_at
        self._entry = entry

    async def serve(self, port: int) -> None:
        """Serve on all addresses until cancelled: whoever asks is outside the container."""
        answers = {"/healthz": self._alive, "/readyz": self._ready, "/metrics": self._metrics, "/queues": self._queues}
        app = Starlette(routes=[Route(path, answer) for path, answer in answers.items()])
        config = uvicorn.Config(app, host="0.0.0.0", port=port, log_level="warning", access_log=False, lifespan="off")  # noqa: S104
        await _Server(config).serve()

    async def _alive(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", **self._describe().model_dump(mode="json")})

    async def _ready(self, _: Request) -> Response:
        silent = time.monotonic() - self._answered_at()
        fault = self._fault(silent)
        return JSONResponse({"status": fault or "ok", "silent_seconds": round(silent, 1)}, 503 if fault else 200)

    async def _metrics(self, _: Request) -> Response:
        await self._gauges.refresh()
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _queues(self, _: Request) -> Response:
        await self._gauges.refresh()
        if self._gauges.queues is None:
            return JSONResponse({"error": "The database could not be asked."}, 503)
        return JSONResponse(self._gauges.queues)

    def _fault(self, silent: float) -> str | None:
        if self._entry.ends_at is not None and self._entry.ends_at <= time.time():
            return f"{self._entry.setting} has ended; take a new one, and start anew"
        return "the queue does not answer" if silent >= PATIENCE_SECONDS else None
