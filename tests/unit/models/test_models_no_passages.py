"""A prompt may come without a single passage: somebody asks before they have documents."""

import pytest

from infra.local.models.encoder import Vector
from infra.local.models.extractive.answer import Answerer
from schema.answers import REFUSAL


async def embed(texts: list[str]) -> tuple[list[Vector], int]:
    raise AssertionError("there is nothing to compare")


@pytest.mark.anyio
async def test_without_passages_the_answer_is_the_refusal() -> None:
    turns = [
        ("system", f"If the passages do not answer the question, reply exactly: «{REFUSAL}»"),
        ("user", "<passages>\n\n</passages>\n\nQuestion: How old is the weir?"),
    ]
    assert await Answerer(embed).answer(turns) == REFUSAL
