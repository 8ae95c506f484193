"""The filter language of row-change bindings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime.filters import OPERATORS, BindingError, Condition, parse_filter


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("id=eq.1", [Condition("id", "eq", ("1",))]),
        ("name=eq.a.b=c", [Condition("name", "eq", ("a.b=c",))]),
        ("name=eq.", [Condition("name", "eq", ("",))]),
        ("a=gt.1,b=not.lte.2", [Condition("a", "gt", ("1",)), Condition("b", "lte", ("2",), negated=True)]),
        ("a=is.NULL", [Condition("a", "is", ("null",))]),
        ("a=not.is.true", [Condition("a", "is", ("true",), negated=True)]),
        ('a=in.(x,"y,z", w)', [Condition("a", "in", ("x", "y,z", "w"))]),
        ('a=in.("x\\"y","back\\\\slash")', [Condition("a", "in", ('x"y', "back\\slash"))]),
        ("a=in.(1,2),b=eq.3", [Condition("a", "in", ("1", "2")), Condition("b", "eq", ("3",))]),
        ('a=eq."x,y",b=neq.z', [Condition("a", "eq", ("x,y",)), Condition("b", "neq", ("z",))]),
        ('a=like.5" x 4"', [Condition("a", "like", ('5" x 4"',))]),
        ("a=isdistinct.1", [Condition("a", "isdistinct", ("1",))]),
    ],
)
def test_filters_are_read(text: str, conditions: list[Condition]) -> None:
    assert parse_filter(text) == tuple(conditions)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wrong", 'Error parsing `filter` params: ["wrong"]'),
        ("a=eq", 'Error parsing `filter` params: ["a=eq"]'),
        ("a=foo.1", 'Error parsing `filter` params: ["a=foo.1"]'),
        ("=eq.1", 'Error parsing `filter` params: ["=eq.1"]'),
        ("a=in.1,2", "`in` filter value must be wrapped by parentheses"),
        ("a=eq.1,,b=eq.2", "filter must not contain empty segments (check for extra commas)"),
        ("a=eq.1,", "filter must not contain empty segments (check for extra commas)"),
        ("a=is.perhaps", 'Error parsing `filter` params: ["is.perhaps"]'),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(BindingError) as fault:
        parse_filter(text)
    assert str(fault.value) == message


@given(st.text(max_size=80))
def test_no_text_does_harm(text: str) -> None:
    try:
        conditions = parse_filter(text)
    except BindingError:
        return
    assert all(condition.operator in OPERATORS for condition in conditions)


@given(st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=5))
def test_quoted_values_survive(values: list[str]) -> None:
    quoted = ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    assert parse_filter(f"a=in.({quoted})") == (Condition("a", "in", tuple(values)),)


def test_conditions_are_shown_as_realtime_shows_them() -> None:
    shown = [str(condition) for condition in parse_filter("a=not.eq.1,b=in.(2,3)")]
    assert shown == ['{"a", "eq", "1", true}', '{"b", "in", "{2,3}", false}']
