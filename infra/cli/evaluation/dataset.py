"""Test collections in the form that BEIR uses (corpus.jsonl, queries.jsonl, qrels/*.tsv), and expected answers."""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cli.errors import CommandError

SMALL = Path(__file__).parent / "small"


@dataclass(frozen=True)
class Text:
    """A document of the corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Answers:
    """A question and the answers that are expected, each right; none: the documents do not answer it."""

    question: str
    expected: Sequence[str]


@dataclass(frozen=True)
class Dataset:
    """A corpus and the queries that somebody judged: for each the relevant documents and how relevant they are."""

    name: str
    digest: str
    corpus: Sequence[Text]
    queries: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]
    answers: Mapping[str, Answers]


def read_dataset(folder: Path) -> Dataset:
    """The collection in a folder. Raises `CommandError` saying what is missing or malformed."""
    corpus = [_text(record) for record in _records(folder / "corpus.jsonl")]
    relevant = _judgements(_qrels(folder))
    asked = {record["_id"]: record["text"] for record in _records(folder / "queries.jsonl")}
    queries = {query: text for query, text in asked.items() if query in relevant}
    answers = _answers(folder / "answers.jsonl")
    if not corpus or not queries:
        raise CommandError(f"{folder} has no documents, or none of its queries was judged.")
    digest = hashlib.sha256((folder / "corpus.jsonl").read_bytes()).hexdigest()
    return Dataset(folder.resolve().name, digest, corpus, queries, relevant, answers)


def _text(record: Mapping[str, Any]) -> Text:
    title, text = str(record.get("title") or "").strip(), str(record["text"]).strip()
    return Text(str(record["_id"]), title or str(record["_id"]), text or title)


def _answers(file: Path) -> dict[str, Answers]:
    """Questions with the answers that are expected, if the collection has such."""
    if not file.exists():
        return {}
    return {str(record["_id"]): Answers(record["text"], record.get("answers", [])) for record in _records(file)}


def _qrels(folder: Path) -> Path:
    """The judgements of the test split, or the only ones there are."""
    found = sorted((folder / "qrels").glob("*.tsv"))
    named = [file for file in found if file.stem == "test"]
    if not named and len(found) != 1:
        raise CommandError(f"{folder / 'qrels'} must hold test.tsv, or one .tsv file.")
    return (named or found)[0]


def _judgements(file: Path) -> dict[str, dict[str, int]]:
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    with file.open(encoding="utf-8", newline="") as lines:
        for query, document, score, *_ in list(csv.reader(lines, delimiter="\t"))[1:]:
            if int(score) > 0:
                relevant[query][document] = int(score)
    return dict(relevant)


def _records(file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                record = json.loads(line)
                record["_id"], record["text"]
            except (ValueError, KeyError, TypeError) as error:
                raise CommandError(f"{file}, line {number}: not an object with _id and text.") from error
            yield record
