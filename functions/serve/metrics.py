"""`/metrics` of every function: this process and the queues, for Prometheus.

GET with the project's secret key, as `Authorization: Bearer …` (`authorization.credentials_file` in Prometheus).
"""

import hmac
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from functions.serve.http import bearer
from functions.serve.refusal import Refusal
from functions.telemetry.engine import EngineGauges


@dataclass(frozen=True)
class MetricsEntry:
    """The entry point."""

    gauges: EngineGauges
    secret_key: SecretStr

    async def __call__(self, request: Request) -> Response:
        """Tell, to whoever has the key."""
        key = self.secret_key.get_secret_value()
        if not hmac.compare_digest((bearer(request) or "").encode(), key.encode()):
            raise Refusal(401, "not_authenticated", "Send the project's secret key as bearer token.")
        await self.gauges.refresh()
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
