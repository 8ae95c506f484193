"""Threads for small and for large requests."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from infra.local.models.lanes import Lanes
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    made = Lanes(width=2)
    yield made
    made.close()


async def test_results_come_in_the_order_of_the_items(lanes: Lanes) -> None:
    assert await lanes.map(str, range(100), express=False) == [str(number) for number in range(100)]
    assert await lanes.map(str, [], express=True) == []


async def test_a_small_request_is_done_while_a_large_one_holds_every_bulk_thread(lanes: Lanes) -> None:
    release = threading.Event()
    large = asyncio.create_task(lanes.map(lambda _: release.wait(30), range(10), express=False))
    try:
        assert await asyncio.wait_for(lanes.map(str, [1, 2, 3], express=True), 10) == ["1", "2", "3"]
        assert not large.done()
    finally:
        release.set()
    assert await large == [True] * 10


async def test_two_large_requests_share_the_lane(lanes: Lanes) -> None:
    order: list[str] = []
    await asyncio.gather(*(lanes.map(order.append, [name] * 20, express=False) for name in "ab"))
    assert {"a", "b"} == set(order[:6])


async def test_a_cancelled_request_starts_nothing_more(lanes: Lanes) -> None:
    started: list[int] = []
    release = threading.Event()

    def work(number: int) -> None:
        started.append(number)
        release.wait(30)

    def busy() -> None:
        assert len(started) == 2

    task = asyncio.create_task(lanes.map(work, range(50), express=False))
    await eventually_async(busy)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    await lanes.map(str, range(4), express=False)
    assert len(started) == 2


async def test_an_error_ends_the_request(lanes: Lanes) -> None:
    with pytest.raises(ExceptionGroup, match="TaskGroup"):
        await lanes.map(int, ["1", "x", "2"], express=True)
