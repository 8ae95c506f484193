"""Presence as a record: the differences told must add up to the state."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime.presence import Diff, Metas, Presence

STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab") | st.none(), st.integers(0, 2)), max_size=30)


def refs(metas: Metas) -> set[tuple[str, str]]:
    return {(key, meta["phx_ref"]) for key, entry in metas.items() for meta in entry["metas"]}


def applied(state: set[tuple[str, str]], diff: Diff | None) -> set[tuple[str, str]]:
    return state if diff is None else (state - refs(diff["leaves"])) | refs(diff["joins"])


@given(STEPS)
def test_a_client_that_applies_the_differences_knows_the_state(steps: list[tuple[int, str | None, int]]) -> None:
    presence, known = Presence(), set[tuple[str, str]]()
    owners = [object() for _ in range(4)]
    for owner, key, value in steps:
        diff = presence.untrack(owners[owner]) if key is None else presence.track(owners[owner], key, {"v": value})
        known = applied(known, diff)
        assert known == refs(presence.state())


def test_the_same_state_again_is_no_news_and_another_names_its_forerunner() -> None:
    presence, owner = Presence(), object()
    first = presence.track(owner, "k", {"v": 1})
    assert first is not None
    assert presence.track(owner, "k", {"v": 1}) is None
    second = presence.track(owner, "k", {"v": 2})
    assert second is not None
    before: dict[str, Any] = first["joins"]["k"]["metas"][0]
    assert second["leaves"] == {"k": {"metas": [before]}}
    assert second["joins"]["k"]["metas"][0]["phx_ref_prev"] == before["phx_ref"]


def test_channels_with_one_key_stand_side_by_side() -> None:
    presence = Presence()
    presence.track(object(), "k", {"v": 1})
    presence.track(object(), "k", {"v": 2})
    assert [meta["v"] for meta in presence.state()["k"]["metas"]] == [1, 2]


def test_a_client_cannot_choose_its_reference() -> None:
    presence = Presence()
    presence.track(object(), "k", {"phx_ref": "mine"})
    assert presence.state()["k"]["metas"][0]["phx_ref"] != "mine"
