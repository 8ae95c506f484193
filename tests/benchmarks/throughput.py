"""Documents from upload to searchable: `python -m tests.benchmarks.throughput [--model local|remote] [--json]`.

Rivulet (database that keeps what it commits, gateway, a parse listener, an embed listener), LlamaIndex's
IngestionPipeline and LangChain's indexing API on the same texts, one after the other in each round, with the same model
server and the same Chroma. The model is the local server, or one far away: 50 ms for a request and 2 ms for each text.
Before them the embedder alone, on the passages that Rivulet makes, four requests of 64 at a time: what is possible.

`--linear PASSAGES` instead ingests up to so many, in ten steps, and compares the first with the last.
`--listeners` instead reads one document of 1,000 pages (`--pages`) with one and with two embed listeners, each with one
request at a time; the model is far away, 50 ms, and slow, 20 ms for each text.

The other two need an environment of their own: make bench-setup.
"""

import asyncio
import json
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import together

from infra.local import state
from tests.benchmarks import figures
from tests.benchmarks.figures import Figure, middle, say
from tests.benchmarks.ingestion import Site, documents, listeners, site

LATENCY_SECONDS, SECONDS_PER_TEXT, SLOW_SECONDS_PER_TEXT = 0.05, 0.002, 0.02
PARAGRAPHS_PER_PAGE = 8
REQUESTS, TEXTS_EACH = 4, 64
CONTENDERS = Path(__file__).parent / "contenders"
PYTHON = state.CHECKOUT / ".venv" / "bench" / "bin" / "python"
EMBEDDED_TEXTS = (
    "select title, heading_path, text from public.chunks c join public.documents d on d.id = document_id limit %s"
)


def compare(place: Site, count: int, paragraphs: int, rounds: int) -> dict[str, Figure]:
    """All contenders, round by round; medians."""
    rates: dict[str, list[float]] = {}
    passages: dict[str, int] = {}
    with listeners(place, "parse", "embed"):
        for number in range(rounds):
            texts = documents(count, paragraphs=paragraphs, seed=100 + number)
            before = _passages(place)
            seconds = {"rivulet": place.upload(texts)}
            passages["rivulet"] = _passages(place) - before
            if number == 0:
                bare = asyncio.run(_bare(place, passages["rivulet"]))
            for name in ("llamaindex", "langchain"):
                done = _contend(place, name, texts)
                seconds[name], passages[name] = done["seconds"], int(done["passages"])
            for name, each in seconds.items():
                rates.setdefault(name, []).append(count / each)
            say(f"round {number + 1}: " + ", ".join(f"{name} {count / each:.2f}/s" for name, each in seconds.items()))
    medians = {name: middle(values) for name, values in rates.items()}
    results: dict[str, Figure] = {f"{name}_documents_per_s": value for name, value in medians.items()}
    results |= {f"{name}_passages": value for name, value in passages.items()}
    results |= {f"over_{name}": medians["rivulet"] / medians[name] for name in ("llamaindex", "langchain")}
    made = medians["rivulet"] * passages["rivulet"] / count
    return results | {"passages_per_s": made, "embedder_alone_per_s": bare, "embedder_busy": made / bare}


async def _bare(place: Site, count: int) -> float:
    """Texts per second of the embedder, asked for nothing but what the pipeline asks it for."""
    rows = place.engine.all(EMBEDDED_TEXTS, count)
    texts = [f"{title}\n{' › '.join(headings)}\n{text}" for title, headings, text in rows]
    batches = [texts[start : start + TEXTS_EACH] for start in range(0, len(texts), TEXTS_EACH)]
    gate = asyncio.Semaphore(REQUESTS)
    async with together.AsyncTogether(api_key="any", base_url=place.model_url, timeout=600) as client:

        async def ask(batch: Sequence[str]) -> None:
            async with gate:
                await client.embeddings.create(model=place.model, input=list(batch))

        began = time.perf_counter()
        await asyncio.gather(*(ask(batch) for batch in batches))
        return len(texts) / (time.perf_counter() - began)


def _contend(place: Site, name: str, texts: Sequence[str]) -> Mapping[str, float]:
    chroma = urlsplit(place.chroma_url)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(texts, file)
        file.flush()
        script = CONTENDERS / f"ingest_{name}.py"
        told = [
            place.model_url,
            place.model,
            str(chroma.hostname),
            str(chroma.port),
            f"{name}-{uuid.uuid4()}",
            file.name,
        ]
        done = subprocess.run([PYTHON, script, *told], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-3000:]}")
    reply: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    return reply


def _passages(place: Site) -> int:
    return int(place.engine.one("select count(*) from public.chunks"))


def linear(place: Site, total: int) -> dict[str, Figure]:
    """Seconds for each thousand passages, as the index grows."""
    costs: list[float] = []
    with listeners(place, "parse", "embed", "embed"):
        start = _passages(place)
        step = 0
        while _passages(place) - start < total:
            before = _passages(place)
            seconds = place.upload(documents(max(1, total // 10 // 270), paragraphs=400, seed=step))
            costs.append(1000 * seconds / (_passages(place) - before))
            step += 1
            say(f"{_passages(place) - start} passages: {costs[-1]:.2f} s for a thousand")
        reached = _passages(place) - start
    fifth = max(1, len(costs) // 5)
    first, last = middle(costs[:fifth]), middle(costs[-fifth:])
    costs_per_1000: dict[str, Figure] = {"first_seconds_per_1000": first, "last_seconds_per_1000": last}
    return {"passages": reached, "last_over_first": last / first} | costs_per_1000


def by_listeners(place: Site, rounds: int, paragraphs: int) -> dict[str, Figure]:
    """One long document with one and with two embed listeners."""
    taken: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for count in taken:
            with listeners(place, "parse", *["embed"] * count, concurrency=1):
                [text] = documents(1, paragraphs=paragraphs, seed=10 * number + count)
                taken[count].append(place.upload([text]))
                say(f"{count} embed listeners: {taken[count][-1]:.1f} s")
    return {
        "seconds_with_1": middle(taken[1]), "seconds_with_2": middle(taken[2]),
        "speed_up": middle(taken[1]) / middle(taken[2]),
    }  # fmt: skip


def main() -> None:
    """Measure and show."""
    parser = figures.parser(__doc__)
    parser.add_argument("--model", choices=["local", "remote"], default="remote")
    parser.add_argument("--documents", type=int, default=100, help="in each round (default: 100)")
    parser.add_argument("--paragraphs", type=int, default=40, help="of each document, eight to a page (default: 40)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts (default: 3)")
    parser.add_argument("--linear", type=int, metavar="PASSAGES")
    parser.add_argument("--listeners", action="store_true")
    parser.add_argument("--pages", type=int, default=1000, help="of the document for --listeners (default: 1000)")
    given = parser.parse_args()
    aims = {
        "over_llamaindex": "≥ 1.5", "over_langchain": "≥ 1.5", "embedder_busy": "≥ 0.9",
        "last_over_first": "about 1", "speed_up": "≥ 1.7",
    }  # fmt: skip
    per_text = SLOW_SECONDS_PER_TEXT if given.listeners else SECONDS_PER_TEXT
    with site(latency=None if given.model == "local" else LATENCY_SECONDS, per_text=per_text) as place:
        if given.linear:
            results = linear(place, given.linear)
        elif given.listeners:
            results = by_listeners(place, given.rounds, paragraphs=PARAGRAPHS_PER_PAGE * given.pages)
        else:
            results = compare(place, given.documents, given.paragraphs, given.rounds)
    figures.show({"model": given.model} | results, aims, given.json)


if __name__ == "__main__":
    main()
