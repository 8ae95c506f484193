"""When a reader is told to look at the rows."""

import asyncio
from typing import Any, cast

import pytest

from infra.cli import subscription
from infra.cli.person import Person
from infra.cli.subscription import PATIENCE, Heard, Look, Subscription

LOOK_SECONDS = 3.0


class Clock:
    """Time that passes when told to; queues that are empty time out by the real clock, at once when a look is due."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(subscription, "time", made)
    return made


def _items(clock: Clock, spells: list[float], heard: bool) -> list[Any]:
    """What a reader gets after each of the spells, if something is heard at the end of each, or nothing."""

    async def read() -> list[Any]:
        news = Subscription(cast(Person, None), ["conversation:x"], LOOK_SECONDS)
        stream = aiter(news)
        items = []
        for seconds in spells:
            clock.now += seconds
            if heard:
                news._put(Heard("conversation:x", "delta", {}))
            items.append(await anext(stream))
        clock.now += LOOK_SECONDS
        return [*items, await anext(stream)]

    return asyncio.run(read())


def test_a_quiet_topic_is_looked_at_when_it_is_time(clock: Clock) -> None:
    assert _items(clock, [LOOK_SECONDS], heard=False) == [Look(), Look()]


def test_nobody_looks_while_news_keep_coming(clock: Clock) -> None:
    items = _items(clock, [1.0] * 10, heard=True)

    assert [type(item) for item in items] == [Heard] * 10 + [Look]


def test_news_without_end_do_not_keep_a_reader_from_looking(clock: Clock) -> None:
    async def until_look() -> float:
        news = Subscription(cast(Person, None), ["conversation:x"], LOOK_SECONDS)
        stream = aiter(news)
        began = clock.now
        while news._until_look() > 0:
            clock.now += 1.0
            news._put(Heard("conversation:x", "delta", {}))
            await anext(stream)
        return clock.now - began

    assert asyncio.run(until_look()) == PATIENCE * LOOK_SECONDS
