"""The queues' gauges: a database that does not answer is told of in time, and hides nothing else."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from functions.telemetry import engine
from functions.telemetry.engine import EngineGauges
from functions.telemetry.metrics import ENGINE_SEEN
from schema.jobs import Json

pytestmark = pytest.mark.anyio


async def test_a_database_that_never_answers_is_told_of_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.01)
    ENGINE_SEEN.set(1)

    async def never() -> Json:
        await asyncio.Event().wait()
        return {}

    gauges = EngineGauges(never)
    async with asyncio.timeout(5):
        await gauges.refresh()

    assert REGISTRY.get_sample_value("rivulet_engine_visible") == 0
    assert gauges.queues is None


def test_prometheus_waits_longer_than_we_do() -> None:
    """Its `scrape_timeout` is 10 seconds where nothing else is said."""
    assert engine.PATIENCE_SECONDS < 10
