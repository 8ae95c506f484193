"""How long many people at once wait for the first words: `python -m tests.benchmarks.crowd [--json]`.

So many conversations at once, each of a person with documents, each with a question under way or a short pause; real
responders, gateway, PostgreSQL, Realtime and Chroma, and a remote model that takes 300 ms to its first word. Measured
from the insert of the question to the first delta at the subscriber, less the model's time.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from tests import databases
from tests.benchmarks import figures
from tests.benchmarks.figures import Figure, middle, p95, say
from tests.benchmarks.stream import Responders, _person, stage
from tests.benchmarks.streaming.model import FIRST_SECONDS
from tests.benchmarks.streaming.reader import Reader
from tests.integration.engine import Engine

RESPONDERS = 2
QUESTIONS_EACH = 6  # of which the first warms up
PAUSE_SECONDS = (0.5, 2.5)
PASSAGES = [f"Weir {number} was built in {1800 + number} and is {number} metres high." for number in range(30)]


def measure(conversations: int) -> Mapping[str, Figure]:
    """Overheads in milliseconds."""
    with stage() as (database, url, environment):
        responders = Responders(environment, RESPONDERS, conversations)
        try:
            alone = asyncio.run(_measure(database, url, _arrive(database, 1)))
            say("one conversation alone: done")
            crowd = asyncio.run(_measure(database, url, _arrive(database, conversations)))
        finally:
            responders.end()
    return {
        "conversations": conversations,
        "alone_p50_ms": middle(alone),
        "alone_p95_ms": p95(alone),
        "crowd_p50_ms": middle(crowd),
        "crowd_p95_ms": p95(crowd),
        "answers": len(alone) + len(crowd),
    }


@dataclass(frozen=True)
class _Talker:
    """Somebody with documents and a conversation."""

    user: uuid.UUID
    conversation: uuid.UUID


def _arrive(database: databases.Database, number: int) -> list[_Talker]:
    """So many people, before anybody asks: what they bring along must not count."""
    engine = Engine(database.owner_dsn)
    try:
        talkers = [_Talker(user, engine.conversation(user)) for user in (engine.person() for _ in range(number))]
        for talker in talkers:
            engine.ingest(talker.user, PASSAGES)
    finally:
        engine.close()
    return talkers


async def _measure(database: databases.Database, url: str, talkers: Sequence[_Talker]) -> list[float]:
    """The overheads of all questions but each person's first, in milliseconds."""
    all_listen = asyncio.Barrier(len(talkers))
    async with httpx.AsyncClient(timeout=30) as http, asyncio.TaskGroup() as group:
        readers = [Reader(_person(database, url, t.user), http, t.conversation, restless=False) for t in talkers]
        talks = [group.create_task(_talk(reader, url, http, all_listen)) for reader in readers]
    return [overhead for talk in talks for overhead in talk.result()]


async def _talk(reader: Reader, url: str, http: httpx.AsyncClient, all_listen: asyncio.Barrier) -> list[float]:
    """One person's questions, one after the other; the overhead of each, in milliseconds."""
    async with AsyncExitStack() as ends:
        following = asyncio.create_task(reader.follow())
        ends.callback(following.cancel)
        await reader.hears.wait()
        await all_listen.wait()
        waits = [await _ask(reader, url, http) for _ in range(QUESTIONS_EACH)]
    return [(wait - FIRST_SECONDS) * 1000 for wait in waits[1:]]


async def _ask(reader: Reader, url: str, http: httpx.AsyncClient) -> float:
    """Insert a question as its person does; the seconds to its first words."""
    await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
    question = uuid.uuid4()
    reader.expect(question)
    person = reader._person
    headers = {"apikey": person.project.key, "Authorization": f"Bearer {await person.token()}"}
    row = {"id": str(question), "conversation_id": str(reader.conversation), "content": f"How high is weir {question}?"}
    begun = time.monotonic()
    (await http.post(f"{url}/rest/v1/messages", json=row, headers=headers)).raise_for_status()
    await reader.until_the_end_of(question, within=120)
    first_at = reader.seen[question].first_at
    assert first_at is not None, "the answer came without a delta"
    return first_at - begun


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--conversations", type=int, default=50, help="at once (default: 50)")
    given = parser.parse_args()
    figures.show(measure(given.conversations), {"crowd_p50_ms": "≤ 60", "crowd_p95_ms": "≤ 150"}, given.json)


if __name__ == "__main__":
    main()
