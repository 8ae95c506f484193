"""`/metrics` of every function: this process and the queues, for Prometheus.

GET with the key that the functions have themselves, as `Authorization: Bearer …` (`authorization.credentials_file` in
Prometheus).
"""

from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from functions.serve.http import bears
from functions.serve.refusal import Refusal
from functions.telemetry.engine import EngineGauges
from schema.keys import Entry


@dataclass(frozen=True)
class MetricsEntry:
    """The entry point."""

    gauges: EngineGauges
    entry: Entry

    async def __call__(self, request: Request) -> Response:
        """Tell, to whoever has the key."""
        if not bears(request, self.entry.bearer):
            raise Refusal(401, "not_authenticated", f"Send {self.entry.setting} as bearer token.")
        await self.gauges.refresh()
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
