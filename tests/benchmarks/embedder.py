"""What the local model server does in a second, and how long a question waits: `python -m tests.benchmarks.embedder`.

Three comparisons on the same passages of 200 tokens: the int8 network as the server runs it, the float32 network of the
same weights run in the same way, and the server itself through the `together` SDK. Every question is a new one, so that
nothing is remembered. `--json` prints one object.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import onnx
import psutil
import together

from infra.local import ports
from infra.local.models import artefact, graph, package, weights
from infra.local.models.encoder import Encoder
from infra.local.models.lanes import Lanes
from tests import serving

PASSAGE_TOKENS = 200
EMBEDDER, CHAT = "rivulet/all-minilm-l6-v2-int8", "rivulet/extractive-1"
WORDS = """
river water station sensor turbidity nitrate flood weir council budget report sample month season level pump valve
repair cost decision meeting limit bathing closure laboratory oxygen conductivity bridge winter measured increased
replaced approved closed opened agreed found reached fell the a of in and for with from after before during while
"""
VOCABULARY = WORDS.split()


class Texts:
    """An endless supply of passages and questions that no cache has seen."""

    def __init__(self) -> None:
        self._random = random.Random(7)

    def sentence(self, words: int) -> str:
        """A sentence of that many words."""
        return " ".join(self._random.choices(VOCABULARY, k=words)).capitalize() + "."

    def passage(self, words: int) -> str:
        """Sentences of 20 words."""
        return " ".join(self.sentence(20) for _ in range(words // 20))

    def prompt(self) -> list[Any]:
        """A question with eight passages of 200 words."""
        passages = [f'<passage id="{n}" title="t">\n{escape(self.passage(200))}\n</passage>' for n in range(1, 9)]
        body = "\n".join(["<passages>", *passages, "</passages>", "", f"Question: What of {self.sentence(8)[:-1]}?"])
        return [{"role": "system", "content": "«I could not find that.»"}, {"role": "user", "content": body}]


def speed(encoder: Encoder, texts: Sequence[str], width: int) -> tuple[float, float]:
    """Passages a second, `width` at a time, and milliseconds of processor time for each."""
    sequences = [ids[:PASSAGE_TOKENS] for ids in encoder.ids(list(texts))]
    with ThreadPoolExecutor(width) as pool:
        list(pool.map(encoder.vector, sequences[: 2 * width]))
        start, spent = time.perf_counter(), time.process_time()
        list(pool.map(encoder.vector, sequences))
        seconds, spent = time.perf_counter() - start, time.process_time() - spent
    return len(sequences) / seconds, 1000 * spent / len(sequences)


def networks(folder: Path, texts: Sequence[str], rounds: int) -> dict[str, float]:
    """int8 against float32, the best of several rounds each: other work on the machine slows single ones."""
    tokenizer = package.model_folder() / "tokenizer.json"
    full = folder / "fp32.onnx"
    onnx.save(graph.build(weights.read_tensors(package.model_folder() / "model.safetensors"), int8=False), full)
    encoders = {"int8": Encoder(artefact.ensure_embedder(folder), tokenizer), "fp32": Encoder(full, tokenizer)}
    width = Lanes().width
    runs = {name: [speed(encoder, texts, width) for _ in range(rounds)] for name, encoder in encoders.items()}
    figures = {f"{name}_texts_per_s": max(rate for rate, _ in run) for name, run in runs.items()}
    figures |= {f"{name}_cpu_ms_per_text": min(spent for _, spent in run) for name, run in runs.items()}
    figures["fp32_over_int8_cpu"] = figures["fp32_cpu_ms_per_text"] / figures["int8_cpu_ms_per_text"]
    return figures


async def waits(ask: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """Milliseconds that each of a row of requests took."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - start) * 1000)
    return taken


def spread(name: str, taken: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {f"{name}_p50_ms": median(taken), f"{name}_p95_ms": quantiles(taken, n=20)[-1]}


async def server(url: str, process: psutil.Process, count: int) -> dict[str, float]:
    """The server's figures, with one client."""
    texts = Texts()
    async with together.AsyncTogether(api_key="any", base_url=url, timeout=600, max_retries=0) as client:

        async def embed() -> None:
            await client.embeddings.create(model=EMBEDDER, input=texts.sentence(12))

        async def first_token() -> None:
            stream = await client.chat.completions.create(model=CHAT, messages=texts.prompt(), stream=True)
            async for _ in stream:
                break
            await stream.close()

        await waits(embed, 5)
        await waits(first_token, 5)
        figures = {"rss_idle_mb": process.memory_info().rss / 2**20}
        figures |= spread("question", await waits(embed, 60))
        figures |= spread("first_token", await waits(first_token, 40))
        bulk = [texts.passage(180) for _ in range(count)]
        start = time.perf_counter()
        large = asyncio.create_task(client.embeddings.create(model=EMBEDDER, input=bulk))
        await large
        figures["server_texts_per_s"] = count / (time.perf_counter() - start)
        large = asyncio.create_task(client.embeddings.create(model=EMBEDDER, input=bulk))
        beside: list[float] = []
        while not large.done():
            beside += await waits(embed, 1)
        figures |= spread("question_beside_bulk", beside)
        figures["rss_busy_mb"] = process.memory_info().rss / 2**20
    return figures


def measure(count: int, rounds: int) -> dict[str, float]:
    """All figures."""
    texts = Texts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = networks(folder, [texts.passage(400) for _ in range(count)], rounds)
        port = ports.any_free()
        url = f"http://{ports.HOST}:{port}"
        environment = {"MODELS_HOST": ports.HOST, "MODELS_PORT": str(port), "MODELS_DIR": name}
        command = [sys.executable, "-m", "infra.local.models"]
        with serving.process(command, environment, lambda: serving.answers(f"{url}/healthz")) as started:
            figures |= asyncio.run(server(url, psutil.Process(started.pid), count))
    return {name: round(value, 2) for name, value in figures.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--texts", type=int, default=96, help="passages of a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each network")
    given = parser.parse_args()
    figures = measure(given.texts, given.rounds)
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:32}{value:10.2f}\n")


if __name__ == "__main__":
    main()
