"""What a join asks for, read as leniently as Realtime does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime.joining import JoinRefusedError, JoinRequest, Replay, read_join

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "config",
                    "broadcast",
                    "presence",
                    "private",
                    "replay",
                    "limit",
                    "since",
                    "self",
                    "key",
                    "postgres_changes",
                    "postgres_changes_options",
                    "wait",
                    "timeout",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def joined(config: Any) -> JoinRequest:
    return read_join({"config": config})


def test_an_empty_payload_means_the_defaults() -> None:
    assert read_join({}) == JoinRequest() == read_join(None)
    assert joined({"broadcast": None, "presence": None, "postgres_changes": [None]}) == JoinRequest()


def test_flags_may_be_words() -> None:
    request = joined({"private": "TRUE", "broadcast": {"ack": "true", "self": "False"}, "presence": {"enabled": True}})
    assert (request.private, request.ack, request.echo, request.presence) == (True, True, False, True)


def test_an_invalid_flag_counts_as_its_default() -> None:
    assert joined({"private": 1, "broadcast": {"ack": "yes"}}) == JoinRequest()


def test_the_old_name_of_the_token_is_known() -> None:
    assert read_join({"user_token": "a"}).token == "a"
    assert read_join({"user_token": "a", "access_token": "b"}).token == "b"


@pytest.mark.parametrize(
    ("replay", "read"),
    [
        ({}, Replay(0, 10)),
        ({"since": 5}, Replay(5, 10)),
        ({"since": 1.5, "limit": 25}, Replay(1.5, 25)),
        (None, None),
    ],
)
def test_replay_is_read(replay: Any, read: Replay | None) -> None:
    assert joined({"private": True, "broadcast": {"replay": replay}}).replay == read


@pytest.mark.parametrize("replay", [{"limit": 0}, {"limit": 26}, {"limit": "3"}, {"since": "now"}, 7, {"since": None}])
def test_an_impossible_replay_is_refused(replay: Any) -> None:
    with pytest.raises(JoinRefusedError, match="UnableToReplayMessages: Replay params are not valid"):
        joined({"private": True, "broadcast": {"replay": replay}})


def test_a_public_channel_has_no_replay() -> None:
    with pytest.raises(JoinRefusedError, match="Replay is not allowed for public channels"):
        joined({"broadcast": {"replay": {"since": 0}}})


@pytest.mark.parametrize(
    ("options", "wait"),
    [
        ({}, None),
        ({"wait": True}, 15.0),
        ({"wait": True, "timeout": 500}, 0.5),
        ({"wait": True, "timeout": 10**6}, 20.0),
        ({"wait": True, "timeout": -1}, 15.0),
    ],
)
def test_waiting_is_bounded(options: dict[str, Any], wait: float | None) -> None:
    assert joined({"postgres_changes_options": options}).wait == wait


@given(ANYTHING)
def test_no_payload_does_harm(payload: Any) -> None:
    try:
        read_join(payload)
    except JoinRefusedError:
        return
