"""A model's budget in one process: the rate is kept, tenants share it, refusals slow everyone down."""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from functions.effects.budget import BURST_SECONDS, PATIENCE_SECONDS, LocalBudget

RATE = 60_000  # tokens a minute: 1,000 a second


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def grants(budget: LocalBudget, tenant: str, tokens: int, times: int) -> list[float]:
    return [asyncio.run(budget.reserve(tenant, tokens)) for _ in range(times)]


def test_a_tenant_alone_has_the_whole_rate_and_a_burst() -> None:
    waits = grants(LocalBudget(RATE, Clock()), "a", 500, 10)

    assert waits[: int(BURST_SECONDS / 0.5) + 1] == [0.0, 0.0, 0.0]
    assert [round(later - sooner, 3) for sooner, later in pairwise(waits[2:])] == [0.5] * 7


def test_a_newcomer_is_served_at_once_and_halves_the_rate_of_the_other() -> None:
    budget = LocalBudget(RATE, Clock())
    last = grants(budget, "a", 500, 10)[-1]

    assert grants(budget, "b", 500, 1) == [0.0]
    first, second = grants(budget, "a", 500, 2)
    assert round(first - last, 3) == 0.5  # reserved before anyone else was there
    assert round(second - first, 3) == 1.0


def test_what_would_come_too_late_is_not_reserved() -> None:
    budget = LocalBudget(RATE, Clock())
    grants(budget, "a", 40_000, 1)

    assert grants(budget, "a", 1, 2) == [-39.0, -39.0]
    assert PATIENCE_SECONDS < 39


def test_a_refusal_makes_everyone_wait_and_the_rate_comes_back_by_and_by() -> None:
    clock = Clock()
    budget = LocalBudget(RATE, clock)

    asyncio.run(budget.refused(5.0))
    asyncio.run(budget.refused(5.0))  # to a request sent at the same rate: no second sign

    assert asyncio.run(budget.blocked()) == 5.0
    assert grants(budget, "b", 700, 1) == [5.0]
    assert round(grants(budget, "b", 700, 1)[0], 2) == 6.0  # at 0.7 of the rate
    clock.now += 120
    assert round(grants(budget, "b", 1000, 3)[2], 3) == 1.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3000), st.floats(0, 2)), max_size=60))
def test_a_tenant_never_gets_more_than_the_rate(asks: list[tuple[str, int, float]]) -> None:
    clock = Clock()
    budget = LocalBudget(RATE, clock)
    sent: dict[str, list[tuple[float, int]]] = {}
    for tenant, tokens, pause in asks:
        clock.now += pause
        wait = asyncio.run(budget.reserve(tenant, tokens))
        if wait >= 0:
            sent.setdefault(tenant, []).append((clock.now + wait, tokens))

    for grants_of in sent.values():
        for begin in range(len(grants_of)):
            for end in range(begin + 1, len(grants_of)):
                spent = sum(tokens for _, tokens in grants_of[begin:end])
                allowed = (grants_of[end][0] - grants_of[begin][0] + BURST_SECONDS) * RATE / 60
                assert spent <= allowed + 1e-6
