"""Meters: never more than the limit in any window."""

from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime.limits import Meter


@given(st.integers(1, 5), st.lists(st.integers(0, 700), max_size=60))
def test_no_window_holds_more_than_the_limit(limit: int, gaps: list[int]) -> None:
    meter, now, allowed = Meter(limit, 1000), 0, list[int]()
    for gap in gaps:
        now += gap
        left = meter.left(now)
        assert meter.allow(now) == (left > 0)
        if left:
            allowed.append(now)
    for moment in allowed:
        assert sum(1 for other in allowed if moment - 1000 < other <= moment) <= limit


def test_room_comes_back_with_time() -> None:
    meter = Meter(2, 30)
    assert [meter.allow(0), meter.allow(1), meter.allow(2), meter.allow(30), meter.allow(30.5), meter.allow(31)] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]
