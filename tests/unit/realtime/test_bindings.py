"""Row-change bindings: defaults, wildcards, identity, faults."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime.bindings import binding_id, echo, parse_binding
from infra.local.gateway.realtime.filters import BindingError


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.none() | st.integers(), max_size=5))
def test_an_id_is_a_positive_integer_that_depends_on_the_content_alone(raw: dict[str, Any]) -> None:
    assert 0 < binding_id(raw) < 2**31
    assert binding_id(raw) == binding_id(dict(reversed(raw.items())))


def test_the_echo_repeats_what_it_does_not_know() -> None:
    raw = {"event": "*", "schema": "public", "table": "t", "note": [1]}
    assert echo(raw) == {**raw, "id": binding_id(raw)}


@pytest.mark.parametrize(
    ("raw", "event", "matches", "misses"),
    [
        ({"event": "insert", "table": "t"}, "INSERT", ("public", "t"), ("other", "t")),
        ({"event": "TRUNCATE", "schema": "s"}, "*", ("s", "anything"), ("public", "anything")),
        ({"schema": "*"}, "*", ("s", "t"), None),
        ({"event": "*", "schema": "public", "table": "a_b"}, "*", ("public", "a_b"), ("public", "axb")),
        ({"event": "*", "schema": "public", "table": "log*"}, "*", ("public", "log_1"), ("public", "a_log")),
    ],
)
def test_tables_are_chosen(
    raw: dict[str, Any], event: str, matches: tuple[str, str], misses: tuple[str, str] | None
) -> None:
    binding = parse_binding(raw)
    assert binding.event == event
    assert binding.matches(*matches)
    assert misses is None or not binding.matches(*misses)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            {"event": "*"},
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
            '%{"event" => "*"}',
        ),
        (
            {"schema": "public", "filter": "a=eq.1"},
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
            '%{"schema" => "public", "filter" => "a=eq.1"}',
        ),
        (
            {"schema": "public", "table": "t", "select": "a"},
            'Error parsing `select` params: expected a list of column name strings, e.g. select: ["col1", "col2"]',
        ),
        (
            {"schema": "public", "select": ["a"]},
            "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.",
        ),
    ],
)
def test_faults_are_named(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(BindingError) as fault:
        parse_binding(raw)
    assert str(fault.value) == message


def test_a_binding_is_shown_as_realtime_shows_it() -> None:
    raw = {"event": "INSERT", "schema": "public", "table": "t", "filter": "a=eq.1", "select": ["a", "b"]}
    assert str(parse_binding(raw)) == (
        '[event: INSERT, schema: public, table: t, filters: [{"a", "eq", "1", false}], select: ["a", "b"]]'
    )
