"""Answers streamed to three readers each, while responders are killed: `python -m tests.benchmarks.stream [--json]`.

Real responders, gateway, PostgreSQL, Realtime and Chroma; a model that writes word by word. Of each conversation's
three readers one drops out for random spells. A responder is killed at random every few seconds, and another one
started. Each text that a reader has seen must be a beginning of what the row holds in the end: anything else is a
character lost or doubled. It ends with code 1 if there is one.
"""

import asyncio
import random
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import httpx

from infra.cli.person import Person
from infra.cli.project import Project
from infra.local import ports
from tests import databases, serving
from tests.benchmarks import durable, figures
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.scaling import _chroma
from tests.benchmarks.streaming.model import words_for
from tests.benchmarks.streaming.reader import Reader, Seen
from tests.integration.engine import Engine
from tests.integration.serverless import token
from tests.sieving import sieve

READERS = 3
RESPONDERS = 3
TALKS = 24  # conversations that go on at once
ANSWERS_PER_KILL = 25
ANSWER_SECONDS = 120.0


@dataclass(frozen=True)
class Answered:
    """A question, how its answer ended, and what each reader saw of it; the last one is restless."""

    question: str
    row: dict[str, Any]
    seen: Sequence[Seen]


class Responders:
    """Processes that answer, and that die."""

    def __init__(self, environment: Mapping[str, str], number: int, concurrency: int = 8) -> None:
        self.killed = 0
        self._concurrency = concurrency
        self._environment = environment
        self._running = [self._start() for _ in range(number)]

    def kill_one(self) -> None:
        """As a power cut does; another one takes its place."""
        self.killed += 1
        victim = self._running.pop(random.randrange(len(self._running)))
        victim.kill()
        victim.wait()
        self._running.append(self._start())

    def end(self) -> None:
        """Kill all."""
        for process in self._running:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.benchmarks.streaming.responder", str(self._concurrency)]
        return subprocess.Popen(command, env=dict(self._environment))


def measure(answers: int, talks: int, answers_per_kill: int) -> Mapping[str, Figure]:
    """Ask so many questions, and count what went wrong."""
    started = time.monotonic()
    with stage() as (database, url, environment):
        responders = Responders(environment, RESPONDERS)
        try:
            answered = asyncio.run(follow(database, url, responders, answers, talks, answers_per_kill))
        finally:
            responders.end()
    return judge(answered) | {"responders_killed": responders.killed, "seconds": time.monotonic() - started}


def judge(answered: Sequence[Answered]) -> dict[str, Figure]:
    """What was lost or doubled, and how much came by broadcast."""
    lost, differing, whole = 0, 0, 0
    for each in answered:
        content = each.row["content"]
        expected = sieve("".join(words_for(each.question)), 0, [each.question])
        differing += each.row["status"] == "complete" and content != expected
        for seen in each.seen:
            final = seen.reader.final
            lost += seen.broken + (final is None or final.content != content)
            lost += sum(_apart(text, expected) for text in seen.longest.values())
        whole += sum(content in seen.longest.values() for seen in each.seen[:-1])
    steady = [each for each in answered if each.row["status"] == "complete"]
    return {
        "answers": len(answered),
        "complete": len(steady),
        "characters_lost_or_doubled": lost,
        "rows_unlike_what_the_model_said": differing,
        "attempts_seen": sum(sum(map(bool, each.seen[0].longest.values())) for each in answered),
        "heard_whole_before_the_end": whole / max(1, (READERS - 1) * len(answered)),
    }


def _apart(text: str, whole: str) -> int:
    """By how many characters a text is not a beginning of the whole."""
    same = next((place for place, (a, b) in enumerate(zip(text, whole, strict=False)) if a != b), len(whole))
    return max(0, len(text) - same)


@contextmanager
def stage(*model: str) -> Iterator[tuple[databases.Database, str, dict[str, str]]]:
    """Everything but responders and readers: the database, the gateway's address, the settings of responders.

    `model`: further arguments of the model.
    """
    with ExitStack() as ends:
        database = ends.enter_context(durable.database())
        url = ends.enter_context(durable.gateway(database))
        environment = {
            **durable.worker_environment(database, url),
            "CHROMA_URL": ends.enter_context(_chroma()),
            "TOGETHER_BASE_URL": ends.enter_context(far_model(*model)),
        }
        yield database, url, environment


@contextmanager
def far_model(*arguments: str) -> Iterator[str]:
    """The address of the model, see `streaming.model`: a process of its own, as it would be far away."""
    port = ports.any_free()
    command = [sys.executable, "-m", "tests.benchmarks.streaming.model", str(port), *arguments]
    with serving.process(command, {}, lambda: serving.listens(port)):
        yield f"http://{ports.HOST}:{port}"


async def follow(
    database: databases.Database, url: str, responders: Responders, answers: int, talks: int, answers_per_kill: int
) -> list[Answered]:
    """Ask in so many conversations at once, and watch each answer to its end."""
    engine = Engine(database.owner_dsn)
    try:
        async with httpx.AsyncClient(timeout=10) as http, asyncio.TaskGroup() as group:
            course = _Course(engine, database, url, http, responders, iter(range(answers)), answers_per_kill, group)
            for _ in range(min(talks, answers)):
                group.create_task(course.talk())
    finally:
        engine.close()
    return course.answered


@dataclass
class _Course:
    """What all conversations share."""

    engine: Engine
    database: databases.Database
    url: str
    http: httpx.AsyncClient
    responders: Responders
    numbers: Iterator[int]
    answers_per_kill: int
    group: asyncio.TaskGroup
    answered: list[Answered] = field(default_factory=list)

    async def talk(self) -> None:
        """One conversation: ask, wait until every reader knows the end, ask again."""
        user = self.engine.person()
        conversation = self.engine.conversation(user)
        async with _watched(_person(self.database, self.url, user), self.http, conversation) as readers:
            for number in self.numbers:
                text = f"What about weir {number} of {uuid.uuid4()}?"
                question, answer = await asyncio.to_thread(_ask, self.engine, conversation, text, readers)
                await _until_known(readers, question)
                row = self.engine.one("select to_jsonb(m) from public.messages m where id = %s", answer)
                self._note(Answered(text, row, [reader.seen[question] for reader in readers]))

    def _note(self, answered: Answered) -> None:
        self.answered.append(answered)
        if len(self.answered) % 50 == 0:
            say(f"{len(self.answered)} answers")
        if len(self.answered) % self.answers_per_kill == 0:
            self.group.create_task(self._kill())

    async def _kill(self) -> None:
        await asyncio.sleep(random.uniform(0, 0.5))  # in the midst of an answer, wherever that is
        await asyncio.to_thread(self.responders.kill_one)


def _ask(engine: Engine, conversation: uuid.UUID, text: str, readers: Sequence[Reader]) -> tuple[uuid.UUID, uuid.UUID]:
    """The ids of the question and of its answer."""
    question = uuid.uuid4()
    for reader in readers:
        reader.expect(question)
    engine.all(
        "insert into public.messages (id, conversation_id, content) values (%s, %s, %s)", question, conversation, text
    )
    return question, engine.one("select id from public.messages where reply_to = %s", question)


async def _until_known(readers: Sequence[Reader], question: uuid.UUID) -> None:
    async with asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(reader.until_the_end_of(question, ANSWER_SECONDS))


@asynccontextmanager
async def _watched(person: Person, http: httpx.AsyncClient, conversation: uuid.UUID) -> AsyncIterator[Sequence[Reader]]:
    readers = [Reader(person, http, conversation, restless=number == READERS - 1) for number in range(READERS)]
    tasks = [asyncio.create_task(reader.follow()) for reader in readers]
    try:
        for reader in readers:
            await reader.hears.wait()
        yield readers
    finally:
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


def _person(database: databases.Database, url: str, user: uuid.UUID) -> Person:
    """Somebody signed in, as far as a reader needs."""
    access = token(user, database.jwt_secret)

    async def valid() -> str:
        return access

    return cast(Person, SimpleNamespace(project=Project(url, database.publishable_key, local=True), token=valid))


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--answers", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--answers-per-kill", type=int, default=ANSWERS_PER_KILL, help="(default: 25)")
    given = parser.parse_args()
    found = measure(given.answers, TALKS, given.answers_per_kill)
    aims = {"characters_lost_or_doubled": "0", "rows_unlike_what_the_model_said": "0"}
    figures.show(found, aims, given.json)
    sys.exit(any(found[name] for name in aims))


if __name__ == "__main__":
    main()
