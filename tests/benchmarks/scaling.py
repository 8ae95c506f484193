"""Answers per second of one, two and four responders: `python -m tests.benchmarks.scaling [--json]`.

Real responders (`python -m listeners respond --concurrency 1`), gateway, PostgreSQL and Chroma; a model whose answers
take 200 ms. Everybody asks once, each in a conversation of their own. Rounds go from one number of responders to the
next, so that what else the machine does meets all; figures are medians over the rounds.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.local import chroma, ports
from tests import databases, serving
from tests.benchmarks import durable, figures
from tests.benchmarks.figures import Figure, middle, say
from tests.integration.engine import Engine
from tests.waiting import eventually

PROCESSES = (1, 2, 4)
MODEL_SECONDS = 0.2
QUESTIONS_EACH = 30
FINISHED = """
select seconds from (
    select extract(epoch from finished_at)::float as seconds from rivulet.job_history
    where queue = 'respond' order by finished_at desc limit %s) s order by seconds
"""


async def chat(_: Request) -> Response:
    """An answer that takes its time."""
    return StreamingResponse(_stream(), media_type="text/event-stream")


async def embed(request: Request) -> Response:
    """A vector for each text."""
    texts = json.loads(await request.body())["input"]
    data = [{"object": "embedding", "index": number, "embedding": [1.0, 0.0, 0.0]} for number, _ in enumerate(texts)]
    return JSONResponse({"object": "list", "model": "m", "data": data})


MODEL = Starlette(
    routes=[
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/v1/embeddings", embed, methods=["POST"]),
    ]
)


async def _stream() -> AsyncIterator[str]:
    for delta, finish in (({"content": "It is so."}, None), ({}, "stop")):
        await asyncio.sleep(MODEL_SECONDS / 2)
        choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
        chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        yield f"data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


def measure(rounds: int) -> Mapping[str, Figure]:
    """Answers per second, and what each further responder adds."""
    with ExitStack() as ends:
        database = ends.enter_context(durable.database())
        environment = {
            **durable.worker_environment(database, ends.enter_context(durable.gateway(database))),
            "CHROMA_URL": ends.enter_context(_chroma()),
            "TOGETHER_BASE_URL": ends.enter_context(serving.application(lambda _: MODEL)),
        }
        rates: dict[int, list[float]] = {count: [] for count in PROCESSES}
        for number in range(rounds):
            for count in PROCESSES:
                rates[count].append(_rate(database, environment, count))
                say(f"round {number + 1}: {count} responders, {rates[count][-1]:.2f} answers/s")
    result: dict[str, Figure] = {f"answers_per_s_{count}": middle(rates[count]) for count in PROCESSES}
    for count in PROCESSES[1:]:
        shares = [many / (count * one) for many, one in zip(rates[count], rates[1], strict=True)]
        result[f"share_of_linear_{count}"] = middle(shares)
    return result


def _rate(database: databases.Database, environment: Mapping[str, str], count: int) -> float:
    engine = Engine(database.owner_dsn)
    with _responders(environment, count):
        engine.all("truncate rivulet.workers")
        _warm_up(engine, count)
        conversations = [engine.conversation(engine.person()) for _ in range(count * QUESTIONS_EACH)]
        with engine.connection.transaction():
            for conversation in conversations:
                engine.ask(conversation, "Is it so?")
        eventually(lambda: _assert_all_answered(engine), within=120)
    ends = engine.all(FINISHED, len(conversations))
    engine.close()
    return _steady_rate([each for (each,) in ends])


def _steady_rate(ends: Sequence[float]) -> float:
    """Ends per second, without the first and last tenth, in which not everybody works."""
    tenth = len(ends) // 10
    return (len(ends) - 2 * tenth - 1) / (ends[-1 - tenth] - ends[tenth])


def _warm_up(engine: Engine, count: int) -> None:
    """Until every responder has answered: its clients are loaded and connected."""
    while len(_who_answered(engine)) < count:
        for _ in range(count):
            engine.ask(engine.conversation(engine.person()))
        eventually(lambda: _assert_all_answered(engine), within=60)


def _who_answered(engine: Engine) -> set[str]:
    """The responders that run now and have answered."""
    rows = engine.all("select h.worker_id from rivulet.job_history h join rivulet.workers w using (worker_id)")
    return {row[0] for row in rows}


def _assert_all_answered(engine: Engine) -> None:
    assert engine.one("select count(*) from public.messages where status <> 'complete'") == 0


@contextmanager
def _responders(environment: Mapping[str, str], count: int) -> Iterator[None]:
    command = [sys.executable, "-m", "listeners", "respond", "--concurrency", "1"]
    processes = [subprocess.Popen(command, env=environment) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def _chroma() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        port = ports.any_free()
        url = f"http://{ports.HOST}:{port}"
        command = chroma.command(Path(folder), port)
        with serving.process(command, chroma.environment(), lambda: serving.answers(url + chroma.HEALTH_PATH)):
            yield url


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts (default: 5)")
    given = parser.parse_args()
    aims = {f"share_of_linear_{count}": "≥ 0.95" for count in PROCESSES[1:]}
    figures.show(measure(given.rounds), aims, given.json)


if __name__ == "__main__":
    main()
