"""What a drill compares."""

import pytest

from infra.cli.backup.likeness import Likeness, found_again


@pytest.mark.parametrize(("again", "share"), [("abcd", 1.0), ("dcba", 1.0), ("abcx", 0.75), ("", 0.0)])
def test_a_drill_measures_what_is_found_again(again: str, share: float) -> None:
    was = Likeness({}, "", "", {"answer": "abcd", "that found nothing": ""})

    assert found_again(was, Likeness({}, "", "", {"answer": again})) == share
