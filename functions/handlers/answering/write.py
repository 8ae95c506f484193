"""Lets a model write a draft while others send it on and save it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from functions.handlers.answering.draft import Draft
from schema.answers import Delta
from schema.errors import TransientError


async def write(draft: Draft, deltas: AsyncGenerator[Delta, None], seconds: float) -> None:
    """Write the draft to its end; one that takes longer than `seconds` ends where it is.

    Raises what the model raises, `StaleClaimError` when the claim is over, and `StoppedError`. However it ends, the
    model call has ended with it.
    """
    writer = asyncio.create_task(_take_in(draft, deltas), name="write draft")
    helpers = [asyncio.create_task(each, name="send or save draft") for each in (draft.publish(), draft.keep())]
    try:
        done, _ = await asyncio.wait([writer, *helpers], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end([writer, *helpers])
    for task in done:
        task.result()
    if not done and not draft.text:
        raise TransientError("deadline", "The model took longer than is allowed.")
    await draft.end(None if done else "time")


async def _take_in(draft: Draft, deltas: AsyncGenerator[Delta, None]) -> None:
    async with aclosing(deltas):
        async for delta in deltas:
            draft.add(delta)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
