"""What is limited, in which windows, and the words of a refusal: the same wherever it is counted."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from schema.errors import RateLimitedError

MINUTE_SECONDS, DAY_SECONDS = 60, 24 * 3600


class Window(NamedTuple):
    """At most so many in so long."""

    seconds: int
    most: int
    name: str


class Kind(NamedTuple):
    """What is counted, and how a refusal speaks of it."""

    key: str
    did: str
    thing: str
    do: str


QUESTIONS = Kind("question", "asked", "question", "ask")
SEARCHES = Kind("search", "searched", "time", "search")


def windows(per_minute: int, per_day: int) -> Sequence[Window]:
    """The windows that are limited. Zero is no limit."""
    both = [Window(MINUTE_SECONDS, per_minute, "minute"), Window(DAY_SECONDS, per_day, "day")]
    return [window for window in both if window.most]


def refusal(kind: Kind, window: Window, wait_seconds: float) -> RateLimitedError:
    """What somebody is told for whom this window is full for so long."""
    things, seconds = f"{window.most} {kind.thing}{'' if window.most == 1 else 's'}", math.ceil(wait_seconds)
    text = f"You have {kind.did} {things} in a {window.name}; {kind.do} again in {in_words(seconds)}."
    return RateLimitedError("rate_limited", text, seconds)


def in_words(seconds: int) -> str:
    """A wait, as short as can be: "12 s", "5 min", "3 h"."""
    if seconds < 2 * 60:
        return f"{seconds} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 2 * 60 else f"{math.ceil(minutes / 60)} h"
