"""The doorbell while there is nothing to hear, for as long as that takes."""

import asyncio
from types import SimpleNamespace

import pytest

from listeners import doorbell
from listeners.doorbell import Doorbell
from listeners.lifecycle import _first_of
from schema.jobs import Queue
from schema.keys import Entry


@pytest.mark.anyio
async def test_it_is_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1100:
            raise asyncio.CancelledError

    async def nobody(_: Doorbell) -> None:
        raise ConnectionError

    # For the doorbell alone: servers of other tests may be running in threads of this process.
    monkeypatch.setattr(doorbell, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": pause}))
    monkeypatch.setattr(Doorbell, "_listen", nobody)
    bell = Doorbell("http://127.0.0.1:1", Entry("KEY", "a", "b"), [Queue.PURGE], lambda _: None, lambda: None)

    with pytest.raises(asyncio.CancelledError):
        await bell.run()

    assert max(pauses) <= 32


@pytest.mark.anyio
async def test_a_listener_whose_task_dies_does_not_end_as_if_it_were_asked_to() -> None:
    async def die() -> None:
        raise RuntimeError("dead")

    assert await _first_of(asyncio.Event(), [asyncio.create_task(die())])
    stopping = asyncio.Event()
    stopping.set()
    assert not await _first_of(stopping, [])
