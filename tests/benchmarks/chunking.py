"""Which passages find what was asked for: `python -m tests.benchmarks.chunking --data FOLDER`.

The folder holds texts and `questions.csv`, whose questions name the stretches of a text that answer them (the
data of "Evaluating Chunking Strategies", see its SOURCE.txt). Each way is embedded by the local stack's embedder;
the nearest passages of all texts together are compared with the answers, token by token:

- recall: how much of the answer the nearest passages hold; at 5 passages as published, and at 1,000 tokens, which is
  fair to small passages and is what a prompt has room for;
- precision: how much of the 5 passages is answer; IoU: both at once.

Ways to cut: our passages by the embedder's own tokenizer and by the estimate, several sizes, without and with overlap
(the end of the passage before), and windows of 1,200 characters.
"""

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from functions.pipeline.chunk import SEPARATOR, Cutter, Sizes, embedding_text
from functions.pipeline.tokens import estimate_tokens
from infra.local.models import artefact, package
from infra.local.models.encoder import Encoder
from schema.documents import Block, BlockKind, Document
from tests.benchmarks import figures

NEAREST = 5
ROOM_TOKENS = 1000
FIXED_CHARACTERS = 1200
SIZES = (60, 90, 120, 150, 180, 210, 250, 350)
OVERLAPS = (0.1, 0.2)  # of the size
OVERLAPPED_SIZES = (120, 180)
CHARACTERS_PER_TOKEN = 4.5
_WIKI_HEADING = re.compile(r" ((?:= )+)(.+?) (?:= ?)+$")

Mask = NDArray[np.bool_]
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Text:
    """A text, and where each of its tokens begins."""

    name: str
    text: str
    starts: NDArray[np.int64]

    def mask(self, start: int, end: int) -> Mask:
        """The tokens that begin within a stretch of characters."""
        found: Mask = (self.starts >= start) & (self.starts < end)
        return found


@dataclass(frozen=True)
class Stretch:
    """A passage: where it is, and what is embedded for it."""

    text: int
    start: int
    end: int
    embedded: str


@dataclass(frozen=True)
class Question:
    """A question, the number of its text, and the tokens that answer it."""

    question: str
    text: int
    answer: Mask


Way = Callable[[int, Text], Iterator[Stretch]]


def read(folder: Path, tokenizer: Tokenizer) -> tuple[list[Text], list[Question]]:
    """The texts and their questions."""
    texts = []
    for file in sorted(folder.glob("*.md")):
        text = file.read_text("utf-8")
        starts = np.array([start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets])
        texts.append(Text(file.stem, text, starts))
    numbers = {text.name: number for number, text in enumerate(texts)}
    questions = []
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            number = numbers[row["corpus_id"]]
            spans = [(r["start_index"], r["end_index"]) for r in json.loads(row["references"])]
            answer = np.any([texts[number].mask(*span) for span in spans], axis=0)
            questions.append(Question(row["question"], number, answer))
    return texts, questions


def blocks_of(text: str) -> Iterator[tuple[Block, int]]:
    """Paragraphs and headings, with their places."""
    for match in re.finditer(r"[^\n]+(?:\n[^\n]+)*?(?=\n\s*\n|\n (?:= )+|\Z)|[^\n]+", text):
        for line in re.finditer(r"[^\n]+(?:\n(?! = )[^\n]+)*", match.group()):
            heading = _WIKI_HEADING.fullmatch(line.group())
            kind, level = (BlockKind.HEADING, len(heading[1]) // 2) if heading else (BlockKind.PARAGRAPH, 0)
            yield Block(kind=kind, text=line.group(), level=level), match.start() + line.start()


def passages(sizes: Sizes, count: Callable[[str], int], overlap: float = 0.0) -> Way:
    """Our way to cut."""

    def cut(number: int, text: Text) -> Iterator[Stretch]:
        placed = list(blocks_of(text.text))
        ours = np.cumsum([0, *(len(block.text) + len(SEPARATOR) for block, _ in placed)])

        def place(position: int) -> int:
            block = int(np.searchsorted(ours, position, side="right")) - 1
            return placed[block][1] + position - int(ours[block])

        cutter = Cutter(_document(text.name), count, sizes)
        for chunk in [*cutter.feed((block for block, _ in placed), ("eng",)), *cutter.end()]:
            start, end = place(chunk.char_start), place(chunk.char_end - 1) + 1
            before = max(0, start - int(overlap * sizes.budget * CHARACTERS_PER_TOKEN))
            lead = text.text[before:start].partition(" ")[2] if overlap else ""
            embedded = embedding_text(text.name, chunk.heading_path, lead + chunk.text)
            yield Stretch(number, start - len(lead), end, embedded)

    return cut


def windows(number: int, text: Text) -> Iterator[Stretch]:
    """Windows of so many characters, wherever they end."""
    for start in range(0, len(text.text), FIXED_CHARACTERS):
        piece = text.text[start : start + FIXED_CHARACTERS]
        yield Stretch(number, start, start + len(piece), piece)


def _document(title: str) -> Document:
    return Document(
        id=UUID(int=0), library_id=UUID(int=0), source="inline", bucket=None, object_name=None, title=title,
        content=None, mime=None, bytes=None, version=1,
    )  # fmt: skip


def vectors(encoder: Encoder, texts: Sequence[str]) -> Matrix:
    """One row per text."""
    with ThreadPoolExecutor(2) as pool:
        return np.array(list(pool.map(encoder.vector, encoder.ids(list(texts)))))


def scores(
    texts: Sequence[Text], stretches: Sequence[Stretch], question: Question, order: Sequence[int]
) -> list[float]:
    """Recall, precision and IoU at so many passages, and recall where the room is full."""
    seen = np.zeros_like(question.answer)
    found = seen.copy()
    tokens, room, at = 0, 0, [0.0, 0.0, 0.0]
    wanted = int(question.answer.sum())
    for rank, number in enumerate(order):
        stretch = stretches[number]
        mask = texts[stretch.text].mask(stretch.start, stretch.end)
        size = int(mask.sum())
        if stretch.text == question.text:
            seen |= mask
            if room + size <= ROOM_TOKENS:
                found |= mask
        room += size
        if rank < NEAREST:
            tokens += size
        if rank == NEAREST - 1:
            hit = int((seen & question.answer).sum())
            at = [hit / wanted, hit / tokens, hit / (tokens + wanted - hit)]
        if rank >= NEAREST and room > ROOM_TOKENS:
            break
    return [*at, int((found & question.answer).sum()) / wanted]


def measure(folder: Path, encoder: Encoder, tokenizer: Tokenizer) -> dict[str, figures.Figure]:
    """All ways to cut."""
    texts, questions = read(folder, tokenizer)
    asked = vectors(encoder, [question.question for question in questions])
    results: dict[str, figures.Figure] = {"questions": len(questions)}
    for name, way in ways(tokenizer).items():
        stretches = [stretch for number, text in enumerate(texts) for stretch in way(number, text)]
        similar = asked @ vectors(encoder, [stretch.embedded for stretch in stretches]).T
        orders = np.argsort(-similar, axis=1)
        pairs = zip(questions, orders, strict=True)
        means = np.mean([scores(texts, stretches, question, order) for question, order in pairs], axis=0)
        kinds = ("recall", "precision", "iou", "recall_at_1000_tokens")
        results |= {f"{name}_{kind}": float(mean) for kind, mean in zip(kinds, means, strict=True)}
        results[f"{name}_passages"] = len(stretches)
        figures.say(
            f"{name}: {len(stretches)} passages, "
            + ", ".join(f"{k} {m:.3f}" for k, m in zip(kinds, means, strict=True))
        )
    return results


def ways(tokenizer: Tokenizer) -> Mapping[str, Way]:
    """Each way to cut, by name."""

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    made: dict[str, Way] = {"fixed_1200_characters": windows}
    made |= {f"passages_{size}": passages(_sizes(size), count) for size in SIZES}
    made |= {
        f"passages_{size}_overlap_{int(overlap * 100)}": passages(_sizes(size), count, overlap)
        for size in OVERLAPPED_SIZES
        for overlap in OVERLAPS
    }
    return made | {"as_shipped_by_estimate": passages(Sizes(), estimate_tokens), "as_shipped": passages(Sizes(), count)}


def _sizes(budget: int) -> Sizes:
    return Sizes(budget=budget, limit=budget + budget // 6, short=budget // 4)


def estimate_error(folder: Path, tokenizer: Tokenizer) -> dict[str, figures.Figure]:
    """The estimate in parts of the true count, over paragraphs: how far off, and how often too low."""
    ratios = []
    for file in sorted(folder.glob("*.md")):
        for block, _ in blocks_of(file.read_text("utf-8")):
            if true := len(tokenizer.encode(block.text, add_special_tokens=False).ids):
                ratios.append(estimate_tokens(block.text) / true)
    return {
        "estimate_over_true_median": float(np.median(ratios)),
        "estimate_over_true_p5": float(np.percentile(ratios, 5)),
        "estimate_over_true_p95": float(np.percentile(ratios, 95)),
    }


def main() -> None:
    """Measure and show."""
    parser = figures.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the texts and questions.csv")
    arguments = parser.parse_args()
    file = package.model_folder() / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with tempfile.TemporaryDirectory() as folder:
        encoder = Encoder(artefact.ensure_embedder(Path(folder)), file)
        results = measure(arguments.data, encoder, tokenizer) | estimate_error(arguments.data, tokenizer)
    figures.show(results, {}, arguments.json)


if __name__ == "__main__":
    main()
