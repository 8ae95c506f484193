"""What replaying an answer says is different."""

from typing import Any
from uuid import UUID

from infra.cli.provenance.differences import Move, Today, changes, compared, moves

A, B, C, D = (UUID(int=number) for number in range(1, 5))
SHA = "a" * 64
EXPLAINED: dict[str, Any] = {
    "provenance": {
        "query": "weir",
        "passages": [{"chunk_id": str(each)} for each in (A, B, C)],
        "parameters": {"models": ["m"]},
        "embedding_model": "e",
        "prompt_sha256": SHA,
    },
    "chunks": {
        str(A): {"active": True, "visible": True},
        str(B): {"active": True, "visible": False},
    },
}


def test_each_passage_is_followed_and_its_absence_explained() -> None:
    assert moves(EXPLAINED, Today("weir", [D, A], SHA, ["m"], "e")) == [
        Move(str(A), 1, 2, ""),
        Move(str(B), 2, None, "the person may not see it any more"),
        Move(str(C), 3, None, "its document was changed or deleted"),
        Move(str(D), None, 1, "new"),
    ]
    outranked = moves(EXPLAINED, Today("weir", [], SHA, ["m"], "e"))[0]
    assert outranked.reason == "others are found before it"


def test_what_is_the_same_is_not_told() -> None:
    assert changes(EXPLAINED, Today("weir", [A, B, C], SHA, ["m"], "e")) == {}
    assert changes(EXPLAINED, Today("weir", [A], "b" * 64, ["m", "n"], "e")) == {
        "models": (["m"], ["m", "n"]),
        "prompt": ("a" * 12, "b" * 12),
    }


def test_answers_are_compared_by_sentence() -> None:
    assert compared("One. Two.", "One. Two.") == ""
    assert "-Two." in compared("One. Two.", "One. Three.").splitlines()
