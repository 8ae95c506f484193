"""The documents and questions that ship with the demo."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from infra.cli.files import Upload, find_uploads

FOLDER = Path(__file__).parent
DOCUMENTS = FOLDER / "documents"
QUESTIONS = FOLDER / "questions.json"


class Expectation(BaseModel):
    """A question, and what a right answer to it has; the page is that of the first document."""

    model_config = ConfigDict(frozen=True)

    question: str
    kind: Literal["single", "two_documents", "follow_up", "unanswerable"]
    expect_documents: Sequence[str]
    expect_phrases: Sequence[str]
    expect_page: int | None = None


def documents() -> list[Upload]:
    """The demo's documents, without the folder in their names."""
    return find_uploads(sorted(file for file in DOCUMENTS.iterdir() if file.is_file()))


def questions() -> list[Expectation]:
    """The demo's questions, in the order in which they are asked."""
    return TypeAdapter(list[Expectation]).validate_json(QUESTIONS.read_bytes())
