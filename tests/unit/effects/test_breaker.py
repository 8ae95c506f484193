"""The circuit breaker: who is let through, and when."""

from collections.abc import Mapping, Sequence

import pytest

from functions.effects.breaker import FAILURES, PROBE_SECONDS, REST_SECONDS, Breaker

pytestmark = pytest.mark.anyio


class SharedCache:
    """A cache whose entries last until the clock says otherwise."""

    def __init__(self) -> None:
        self.now = 0.0
        self._values: dict[str, tuple[bytes, float]] = {}

    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        found = [self._values.get(key) for key in keys]
        return [value[0] if value and value[1] > self.now else None for value in found]

    async def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        self._values |= {key: (value, self.now + seconds) for key, value in values.items()}


@pytest.fixture
def cache() -> SharedCache:
    return SharedCache()


def breaker(cache: SharedCache) -> Breaker:
    return Breaker(cache, lambda: cache.now)


async def fail(each: Breaker, times: int) -> None:
    for _ in range(times):
        await each.failed("m")


async def test_only_failures_in_a_row_count(cache: SharedCache) -> None:
    one = breaker(cache)
    await fail(one, FAILURES - 1)
    one.succeeded("m")
    await fail(one, FAILURES - 1)
    assert await one.allows("m")

    await fail(one, 1)
    assert not await one.allows("m")
    assert await one.allows("another")


async def test_what_one_process_finds_out_the_others_know(cache: SharedCache) -> None:
    await fail(breaker(cache), FAILURES)
    other = breaker(cache)
    assert not await other.allows("m")

    cache.now += REST_SECONDS
    assert await other.allows("m")


async def test_after_the_rest_one_call_finds_out_for_all(cache: SharedCache) -> None:
    one = breaker(cache)
    await fail(one, FAILURES)
    cache.now += REST_SECONDS
    assert [await one.allows("m") for _ in range(3)] == [True, False, False]

    await fail(one, 1)
    cache.now += PROBE_SECONDS
    assert not await one.allows("m")

    cache.now += REST_SECONDS
    assert await one.allows("m")
    one.succeeded("m")
    assert await one.allows("m")
