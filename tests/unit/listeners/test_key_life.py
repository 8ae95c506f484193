"""A key that ends: refused at the start, told by readiness when it ends later. Nobody could refresh it."""

import base64
import json
import time

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from functions.telemetry.engine import EngineGauges
from listeners.health import Health
from schema.errors import ConfigurationError
from schema.jobs import Json, Queue, WorkerReport
from schema.keys import Entry, end_of
from schema.settings import Settings


async def _unasked() -> Json:
    raise NotImplementedError


REPORT = WorkerReport(worker="w", queues=[Queue.PARSE], concurrency=1, running=0, hears=True)


def legacy_key(**claims: object) -> str:
    parts = [{"alg": "HS256"}, {"role": "service_role", **claims}]
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "signature"]
    )


def settings(key: str) -> Settings:
    return Settings.from_env(
        {
            "SUPABASE_URL": "https://abc.supabase.co",
            "SUPABASE_SERVICE_KEY": key,
            "CHROMA_URL": "http://localhost:8000",
            "TOGETHER_API_KEY": "key",
        }
    )


@pytest.mark.parametrize(
    ("key", "end"),
    [
        ("sb_secret_abc", None),
        ("a.b.c", None),
        (legacy_key(), None),
        (legacy_key(exp="soon"), None),
        (legacy_key(exp=1_900_000_000), 1_900_000_000),
    ],
)
def test_only_a_legacy_key_ends(key: str, end: float | None) -> None:
    assert end_of(key) == end


def test_a_key_that_has_ended_is_refused_with_its_name_and_the_day() -> None:
    with pytest.raises(ConfigurationError, match=r"SUPABASE_S\w+_KEY.* ended on 2020-09-13"):
        settings(legacy_key(exp=1_600_000_000))

    key = legacy_key(exp=time.time() + 3600)
    assert settings(key).entry.bearer == key


@pytest.mark.parametrize(
    ("ends_in", "silent", "status", "said"),
    [
        (None, 0.0, 200, "ok"),
        (3600.0, 0.0, 200, "ok"),
        (-1.0, 0.0, 503, "SUPABASE_SECRET_KEY has ended"),
        (None, 3600.0, 503, "the queue does not answer"),
    ],
)
def test_readiness_says_what_is_wrong(ends_in: float | None, silent: float, status: int, said: str) -> None:
    bearer = legacy_key() if ends_in is None else legacy_key(exp=time.time() + ends_in)
    entry = Entry("SUPABASE_SECRET_KEY", bearer, bearer)
    health = Health(lambda: REPORT, lambda: time.monotonic() - silent, entry, EngineGauges(_unasked))
    with TestClient(Starlette(routes=[Route("/readyz", health._ready)])) as client:
        reply = client.get("/readyz")

    assert reply.status_code == status
    assert reply.json()["status"].startswith(said)
