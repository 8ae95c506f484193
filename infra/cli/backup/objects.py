"""The files of a project: each is copied once, however many backups hold it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import quote

import httpx
import psycopg
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from infra.cli.backup.store import Store
from infra.cli.errors import CommandError

BUCKET = "documents"
PIECE_BYTES = 1 << 20
ATTEMPTS = 5  # at one file: among many, one fails now and then


@dataclass(frozen=True)
class Object:
    """A file as it is kept. `mark` names these bytes under this name: a file that changes gets another one."""

    name: str
    mark: str
    mime: str
    sha256: str
    bytes: int

    @property
    def file(self) -> str:
        """Where it is in the store."""
        return f"objects/{self.mark[:2]}/{self.mark}"


class Files:
    """The project's files, over Storage, with the secret key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = f"{url}/storage/v1/object"
        self._http = httpx.Client(headers={"apikey": key, "Authorization": f"Bearer {key}"}, timeout=60.0)

    def read(self, name: str) -> Iterator[bytes]:
        """The bytes of a file, piece by piece."""
        with self._http.stream("GET", f"{self._url}/{BUCKET}/{quote(name)}") as reply:
            reply.raise_for_status()
            yield from reply.iter_bytes(PIECE_BYTES)

    def write(self, name: str, mime: str, pieces: Iterator[bytes]) -> None:
        """Upload a file; one of that name is replaced."""
        headers = {"Content-Type": mime, "x-upsert": "true"}
        reply = self._http.post(f"{self._url}/{BUCKET}/{quote(name)}", headers=headers, content=pieces)
        if _passes_by(reply.status_code):
            reply.raise_for_status()
        if not reply.is_success:
            raise CommandError(f"Storage did not take {name}: {reply.status_code} {reply.text[:200]}")

    def remove(self, names: Sequence[str]) -> None:
        """Remove files."""
        for start in range(0, len(names), 100):
            body = {"prefixes": list(names[start : start + 100])}
            self._http.request("DELETE", f"{self._url}/{BUCKET}", json=body).raise_for_status()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


_OBJECTS = """
    select name,
           encode(sha256(convert_to(concat_ws('/', name, metadata ->> 'eTag', metadata ->> 'size'), 'UTF8')), 'hex'),
           coalesce(metadata ->> 'mimetype', 'application/octet-stream')
    from storage.objects where bucket_id = %s
"""
_ROWS = f"{_OBJECTS} order by name"
_ROW = f"{_OBJECTS} and name = %s"


def names(connection: psycopg.Connection) -> Sequence[tuple[str, str, str]]:
    """Name, mark and type of all files."""
    return connection.execute(_ROWS, [BUCKET]).fetchall()


class _ReplacedError(Exception):
    """While a file was copied, another one took its name: nobody knows whose bytes the copy has."""


def save(
    listed: Sequence[tuple[str, str, str]], files: Files, store: Store, known: Mapping[str, Object], dsn: str
) -> tuple[list[Object], list[str]]:
    """Copy those that no earlier backup has; all of them, and the names of those that were gone meanwhile.

    `dsn`: where the project tells what stands under a name by now.
    """
    with psycopg.connect(dsn, autocommit=True) as now:
        return _save(listed, files, store, known, now)


def _save(
    listed: Sequence[tuple[str, str, str]],
    files: Files,
    store: Store,
    known: Mapping[str, Object],
    now: psycopg.Connection,
) -> tuple[list[Object], list[str]]:
    kept, gone = [], []
    for name, mark, mime in listed:
        if mark in known and store.has(known[mark].file):
            kept.append(known[mark])
            continue
        try:
            kept.append(_again()(_copy, Object(name, mark, mime, "", 0), files, store, now))
        except _ReplacedError:
            gone.append(name)
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (400, 404):
                raise CommandError(f"Storage does not give {name}: {error.response.status_code}.") from error
            gone.append(name)
    return kept, gone


def _copy(each: Object, files: Files, store: Store, now: psycopg.Connection) -> Object:
    digest, size = hashlib.sha256(), 0
    with store.writing(each.file) as file:
        for piece in files.read(each.name):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        if any(mark != each.mark for _, mark, _ in now.execute(_ROW, [BUCKET, each.name]).fetchall()):
            raise _ReplacedError
    return Object(each.name, each.mark, each.mime, digest.hexdigest(), size)


def load(kept: Sequence[Object], files: Files, store: Store) -> None:
    """Upload all of them."""
    for each in kept:
        try:
            _again()(lambda each: files.write(each.name, each.mime, _pieces(each, store)), each)
        except httpx.HTTPStatusError as error:
            raise CommandError(f"Storage does not take {each.name}: {error.response.status_code}.") from error


def _again() -> Retrying:
    return Retrying(
        retry=retry_if_exception(_may_pass),
        wait=wait_random_exponential(multiplier=0.2, max=10),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return _passes_by(error.response.status_code)
    return isinstance(error, httpx.TransportError)


def _passes_by(status: int) -> bool:
    return status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS


def _pieces(each: Object, store: Store) -> Iterator[bytes]:
    digest = hashlib.sha256()
    with store.reading(each.file) as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            yield piece
    if digest.hexdigest() != each.sha256:
        raise CommandError(f"{each.file}, which is {each.name}, was changed since it was saved.")


def as_json(kept: Sequence[Object]) -> list[dict[str, object]]:
    """For the backup."""
    return [asdict(each) for each in kept]
