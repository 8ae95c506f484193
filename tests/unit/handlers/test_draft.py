"""A draft reaches its readers whole, also when the model is faster than the network."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from functions.handlers.answering.draft import Draft
from functions.pipeline.sieve import Sieve
from schema.answers import Answer, Delta, Question
from schema.jobs import Claim, Json, Queue


class SlowAnnouncer:
    """Takes each message only when told to."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.messages: list[Json] = []

    async def broadcast(self, topic: str, event: str, payload: Json) -> None:
        self.begun.set()
        await self.let_go.wait()
        self.messages.append(payload)


class NoStore:
    """A store that no test here reaches."""

    async def start_respond(self, claim: Claim) -> Question:
        raise AssertionError

    async def save_draft(self, claim: Claim, content: str) -> None:
        raise AssertionError

    async def complete_respond(self, claim: Claim, answer: Answer) -> None:
        raise AssertionError


def claim(subject: UUID) -> Claim:
    return Claim(
        id=1, queue=Queue.RESPOND, fence=7, attempt=1, tenant_id=uuid4(), subject_id=subject, payload={}, trace_id="t",
        waited_ms=0, deadline_seconds=60,
    )  # fmt: skip


def text_of(messages: Sequence[Json]) -> str:
    text = ""
    for message in messages:
        assert message["offset"] == len(text)
        text += message["text"]
    return text


@pytest.mark.anyio
async def test_a_piece_on_its_way_arrives_although_the_stream_ends_meanwhile() -> None:
    announcer = SlowAnnouncer()
    draft = Draft(claim(uuid4()), uuid4(), NoStore(), announcer, Sieve(0, []))
    publisher = asyncio.create_task(draft.publish())
    draft.add(Delta(text="The weir ", model="m"))
    await announcer.begun.wait()

    draft.add(Delta(text="is old.", model="m", finish_reason="stop"))
    publisher.cancel()
    await asyncio.wait([publisher])
    rest = asyncio.create_task(draft.end())
    announcer.let_go.set()
    await rest

    assert text_of(announcer.messages) == "The weir is old."
