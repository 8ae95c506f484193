"""How a listener ends."""

import asyncio
import os
import signal
import threading
from collections.abc import Mapping, Sequence

import pytest

from listeners.lifecycle import Listener
from schema.errors import TransientError
from schema.jobs import Beat, Claim, Queue, WorkerReport
from schema.settings import Settings
from tests.unit.work.doubles import Jobs, Work, claim
from tests.waiting import eventually_async

SETTINGS = Settings.from_env(
    {
        "SUPABASE_URL": "http://127.0.0.1:1",
        "SUPABASE_SECRET_KEY": "x",
        "CHROMA_URL": "http://127.0.0.1:1",
        "TOGETHER_BASE_URL": "http://127.0.0.1:1",
    }
)


class Unreachable(Jobs):
    """A database that goes down once it has handed out its jobs."""

    async def release(self, claims: Sequence[Claim]) -> None:
        raise TransientError("supabase_unreachable", "The database service cannot be reached.")

    async def sweep(self) -> None:
        raise TransientError("supabase_unreachable", "The database service cannot be reached.")

    async def report(self, worker: WorkerReport) -> None:
        raise TransientError("supabase_unreachable", "The database service cannot be reached.")


class Beats:
    def beat(self, claims: Sequence[Claim]) -> Mapping[int, Beat]:
        return {}


@pytest.mark.anyio
async def test_a_signal_ends_a_listener_in_order_while_the_database_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listeners.lifecycle.GRACE_SECONDS", 0.01)
    work = Work()
    listener = Listener(SETTINGS, Unreachable(claim(1)), Beats(), {Queue.PURGE: work}, 1)
    running = asyncio.create_task(listener.run())
    await eventually_async(lambda: _assert_begun(work))

    os.kill(os.getpid(), signal.SIGTERM)

    assert await asyncio.wait_for(running, 10) == 0
    assert "lease keeper" not in {thread.name for thread in threading.enumerate()}


def _assert_begun(work: Work) -> None:
    assert work.begun == [1]
