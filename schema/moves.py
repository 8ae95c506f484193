"""How a library comes to another place, and what is compared when places are checked."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schema.documents import StoredChunk
from schema.places import Place


class MovedPassage(StoredChunk):
    """A passage with the title of its document, as it is embedded."""

    title: str


class Sample(BaseModel):
    """A passage to look for."""

    model_config = ConfigDict(frozen=True)

    chunk_id: UUID
    text: str


class Build(BaseModel):
    """Passages to be written to the new place; none: the range is done."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: Literal["build"]
    old: Place
    new: Place
    chunks: Sequence[MovedPassage]


class Check(BaseModel):
    """The new place is to be compared with the passages, and by the samples with the old one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: Literal["check"]
    library_id: UUID
    old: Place
    new: Place
    samples: Sequence[Sample]


class Mend(BaseModel):
    """Passages whose vectors are to be written anew."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: Literal["mend"]
    places: Sequence[Place]
    chunks: Sequence[MovedPassage]


class Promotion(BaseModel):
    """A library was too large for a shard; its move has been begun."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: Literal["promote"]


MoveTask = Build | Check | Mend | Promotion


class Checked(BaseModel):
    """What a check found.

    `found_…` is the share of sampled passages that are among the first ten for a sentence of theirs, `agreement` the
    share of the first ten that both places name; None where the model is the same, or the old one answers no more.
    """

    model_config = ConfigDict(frozen=True)

    passages: int
    vectors: int
    samples: int = 0
    found_old: float | None = None
    found_new: float | None = None
    agreement: float | None = None


class Fault(BaseModel):
    """A vector that is not as it should be."""

    model_config = ConfigDict(frozen=True)

    chunk_id: UUID
    fault: Literal["ghost", "misplaced", "mislabelled", "pending"]


class PlacedPassage(Place):
    """A passage that is searched, and where its vector has to be."""

    chunk_id: UUID
    library_id: UUID


class Passages(BaseModel):
    """A page of searched passages; `last` is where the next page begins, None after the last."""

    model_config = ConfigDict(frozen=True)

    chunks: Sequence[PlacedPassage]
    last: UUID | None
