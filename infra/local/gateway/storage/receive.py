"""An upload's body as it comes in: raw, or the file of a multipart form; never held in memory as a whole."""

import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive

from infra.local.gateway.http import ClientGoneError
from infra.local.gateway.storage.errors import invalid

FIELD_MAX = 1024 * 1024  # bytes of one form field, or of the metadata header
FIELDS_MAX = 20
OCTETS = "application/octet-stream"


@dataclass(slots=True)
class Traits:
    """What comes with the bytes."""

    mime: str = OCTETS
    cache_control: str = "no-cache"
    user_metadata: dict[str, Any] | None = None
    announced: int | None = None  # bytes that the client says will come


class RawBody:
    """A body that is the object itself."""

    def __init__(self, receive: Receive, headers: dict[str, str]) -> None:
        self._receive, self._headers = receive, headers

    async def start(self) -> Traits:
        """Return what the headers say; raises StorageError."""
        length = self._headers.get("content-length", "")
        return Traits(
            self._headers.get("content-type") or OCTETS,
            self._headers.get("cache-control") or "no-cache",
            header_metadata(self._headers),
            int(length) if length.isdigit() else None,
        )

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes."""
        async for chunk in _body(self._receive):
            yield chunk


@dataclass(slots=True)
class Part:
    """One part of a form while it comes in."""

    headers: dict[str, str] = field(default_factory=dict)
    name: str = ""
    is_file: bool = False
    value: bytearray = field(default_factory=bytearray)


class FormBody:
    """A multipart form with fields ``cacheControl`` and ``metadata`` before the file, as official clients send it."""

    def __init__(self, receive: Receive, headers: dict[str, str]) -> None:
        self._source = _body(receive)
        self._headers = headers
        boundary = parse_options_header(headers.get("content-type", ""))[1].get(b"boundary")
        if not boundary:
            raise invalid("The multipart form has no boundary")
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
            },
        )
        self._part = Part()
        self._header_name, self._header_value = bytearray(), bytearray()
        self._fields: dict[str, bytes] = {}
        self._file: Part | None = None
        self._ready: list[bytes] = []
        self._complete = False

    async def start(self) -> Traits:
        """Read up to the file and return what came before it; raises StorageError."""
        async for chunk in self._source:
            self._feed(chunk)
            if self._file is not None:
                return self._traits(self._file)
        raise invalid("No file provided", "no_file_provided")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file's bytes, then read the form to its end; raises StorageError if it is cut short."""
        for data in self._taken():
            yield data
        async for chunk in self._source:
            self._feed(chunk)
            for data in self._taken():
                yield data
        if not self._complete:
            raise invalid("The multipart form ended before the file did")

    def _taken(self) -> list[bytes]:
        taken, self._ready = self._ready, []
        return taken

    def _traits(self, file: Part) -> Traits:
        seconds = self._fields.get("cacheControl", b"").decode("latin-1").strip()
        metadata = self._fields.get("metadata")
        return Traits(
            file.headers.get("content-type") or OCTETS,
            f"max-age={seconds}" if seconds.isdigit() else seconds or "no-cache",
            _metadata(metadata) if metadata else header_metadata(self._headers),
        )

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise invalid(f"The multipart form cannot be read: {error}") from None

    def _on_part_begin(self) -> None:
        self._part = Part()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._part.headers[self._header_name.decode("latin-1").lower()] = self._header_value.decode("latin-1")
        self._header_name.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        options = parse_options_header(self._part.headers.get("content-disposition", ""))[1]
        self._part.name = options.get(b"name", b"").decode("utf-8", "replace")
        self._part.is_file = b"filename" in options or self._part.name == ""
        if self._part.is_file and self._file is None:
            self._file = self._part

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part is self._file:
            self._ready.append(data[start:end])
        elif not self._part.is_file:
            self._part.value += data[start:end]
            if len(self._part.value) > FIELD_MAX:
                raise invalid(f"The form field {self._part.name} is larger than {FIELD_MAX} bytes")

    def _on_part_end(self) -> None:
        if self._part is self._file:
            self._complete = True
        elif len(self._fields) < FIELDS_MAX:
            self._fields[self._part.name] = bytes(self._part.value)


def upload_body(receive: Receive, headers: dict[str, str]) -> RawBody | FormBody:
    """Return the body's reader, by its media type."""
    is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
    return FormBody(receive, headers) if is_form else RawBody(receive, headers)


def header_metadata(headers: dict[str, str]) -> dict[str, Any] | None:
    """Return the object in the ``x-metadata`` header (base64 of JSON), None if there is none; raises StorageError."""
    encoded = headers.get("x-metadata")
    if not encoded:
        return None
    try:
        return _metadata(base64.b64decode(encoded, validate=True))
    except binascii.Error:
        raise invalid("x-metadata is not base64") from None


def _metadata(document: bytes) -> dict[str, Any]:
    try:
        metadata = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise invalid("metadata is not JSON") from None
    if not isinstance(metadata, dict):
        raise invalid("metadata must be a JSON object")
    return metadata


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body", False):
            return
