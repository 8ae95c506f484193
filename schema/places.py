"""Where vectors are, and what is to be removed there."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

_UUIDS = TypeAdapter(list[UUID])


class Address(NamedTuple):
    """Where a server is."""

    host: str
    port: int
    secure: bool

    @property
    def url(self) -> str:
        """As requests name it."""
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}"


class VectorServer(NamedTuple):
    """A Chroma server, and what it asks for; None: nothing, or its defaults."""

    url: str
    api_key: SecretStr | None = None
    tenant: str | None = None
    database: str | None = None

    @property
    def address(self) -> Address:
        """What the URL says; where it names no port, it is Chroma's own."""
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        return Address(parts.hostname or "localhost", parts.port or (443 if secure else 8000), secure)


class Place(BaseModel):
    """A collection and the embedding model of its vectors. Vectors of different models never share one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    collection: str
    model: str

    @property
    def physical(self) -> str:
        """The name of the collection for this model: models' vectors differ in size and meaning."""
        return f"{self.collection}.{''.join(c if c.isalnum() else '-' for c in self.model.lower())}".strip("-")


class OwnPlaces(BaseModel):
    """All places that are in use, or from which a purge is about to remove something.

    The names of all collections of the project begin with `mark`; others in the same Chroma database are another's.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    mark: str
    places: Sequence[Place]


def vector_id(chunk: UUID) -> str:
    """The id of a passage's vector: the passage's own, for a collection is of one model.

    What a search finds is known by it alone: Chroma takes twice as long to tell anything else of it.
    """
    return str(chunk)


def uuids_of(texts: Sequence[str]) -> list[UUID | None]:
    """As `uuid_of` of each, many times as fast where all are of our making."""
    try:
        return [*_UUIDS.validate_python(texts)]
    except ValidationError:
        return [*map(uuid_of, texts)]


def uuid_of(text: object) -> UUID | None:
    """The UUID that the index holds as text; None if it is none: then it is not of our making."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


class Leftover(Place):
    """A place to purge of a document, but for the versions to keep."""

    keep: Sequence[int] = ()


class PurgeTask(BaseModel):
    """What a purge removes: the versions up to `upto` of a document, or, without a document, all of a library."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    library_id: UUID
    document_id: UUID | None
    upto: int | None
    places: Sequence[Leftover]
    bucket: str
    files: Sequence[str]  # names in the bucket; asked again, the task tells of more


class Label(BaseModel):
    """A vector as the index describes it; None is what it does not say, or not in that form."""

    model_config = ConfigDict(frozen=True)

    id: str
    chunk_id: UUID | None
    document_id: UUID | None
    library_id: UUID | None
    version: int | None


class Page(BaseModel):
    """Some of the vectors of a collection; `full` says that there may be more."""

    model_config = ConfigDict(frozen=True)

    labels: Sequence[Label]
    full: bool
