"""`health`: whether the services that the functions need can be reached.

GET → {status, checks: {name: {ok, ms}}}; 200 while everything needed works, 503 otherwise. Anybody may ask, so nothing
but that is told, and asking often costs nothing.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import TypedDict

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schema.serving import Probe

PROBE_SECONDS = 3.0
REMEMBER_SECONDS = 5.0

log = structlog.get_logger()


class Check(TypedDict):
    """What a probe found."""

    ok: bool
    ms: int


class HealthEntry:
    """The entry point; what is `optional` may be down."""

    def __init__(self, probes: Mapping[str, Probe], optional: Collection[str]) -> None:
        self._probes = probes
        self._optional = optional
        self._looking = asyncio.Lock()
        self._checks: Mapping[str, Check] = {}
        self._looked_at = float("-inf")

    async def __call__(self, _: Request) -> Response:
        """Look, or tell what was seen a moment ago."""
        async with self._looking:
            if time.monotonic() - self._looked_at > REMEMBER_SECONDS:
                found = await asyncio.gather(*(_check(name, probe) for name, probe in self._probes.items()))
                self._checks = dict(zip(self._probes, found, strict=True))
                self._looked_at = time.monotonic()
        healthy = all(check["ok"] or name in self._optional for name, check in self._checks.items())
        content = {"status": "ok" if healthy else "unavailable", "checks": self._checks}
        return JSONResponse(content, 200 if healthy else 503, {"Cache-Control": "no-store"})


async def _check(name: str, probe: Probe) -> Check:
    began = time.monotonic()
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await probe()
    except Exception as error:  # noqa: BLE001 - whatever it raises means that the service does not work
        log.warning("unhealthy", service=name, error=repr(error))
        return Check(ok=False, ms=_since(began))
    return Check(ok=True, ms=_since(began))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
