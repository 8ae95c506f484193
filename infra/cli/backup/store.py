"""Where backups are kept: a folder, or a bucket of anything that speaks S3 (`s3://bucket/folder`).

Keys of the bucket are those of the AWS tools (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY); the address of another
provider stands in the query: `s3://bucket/folder?endpoint_override=s3.example.com`.
"""

import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import fs

from infra.cli.backup.seal import KEY_VARIABLE, Opener, Sealer
from infra.cli.errors import CommandError


class Store:
    """Files by name, sealed if there is a key."""

    def __init__(self, where: str, key: bytes | None) -> None:
        try:
            system, path = fs.FileSystem.from_uri(where if "://" in where else Path(where).resolve().as_uri())
        except (pa.ArrowInvalid, OSError) as error:
            raise CommandError(
                f"{where} is neither a folder nor an address like s3://bucket/folder: {error}"
            ) from error
        self.where = where
        self._files = fs.SubTreeFileSystem(path, system)
        self._local = isinstance(system, fs.LocalFileSystem)
        self._key = key

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A file to write. It is there once the block has ended well, and whole."""
        self._files.create_dir(str(Path(name).parent), recursive=True)
        # A bucket shows a file only when it is whole. Two backups at once must not write into one file.
        part = f"{name}.{os.getpid()}.part" if self._local else name
        try:
            with ExitStack() as opened:
                raw = opened.enter_context(self._files.open_output_stream(part, compression=None))
                file = cast(BinaryIO, raw if self._key is None else opened.enter_context(Sealer(raw, self._key)))
                yield file
        except BaseException:
            with suppress(OSError):  # it may not even have been made
                self._files.delete_file(part)
            raise
        if self._local:
            self._files.move(part, name)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """A file to read."""
        try:
            raw = self._files.open_input_stream(name, compression=None)
        except FileNotFoundError as error:
            raise CommandError(f"There is no {name} in {self.where}.") from error
        with raw:
            yield cast(BinaryIO, raw if self._key is None else io.BufferedReader(Opener(raw, self._key, name), 1 << 16))

    @contextmanager
    def packing(self, name: str) -> Iterator[BinaryIO]:
        """A file to write, compressed."""
        with self.writing(name) as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=4, mtime=0) as packed:
            yield cast(BinaryIO, packed)

    @contextmanager
    def unpacking(self, name: str) -> Iterator[BinaryIO]:
        """A compressed file to read."""
        try:
            with self.reading(name) as file, gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                yield cast(BinaryIO, unpacked)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            hint = "" if self._key else f", or it is encrypted and {KEY_VARIABLE} is not set"
            raise CommandError(f"{name} cannot be read: it was changed or cut off{hint}.") from error

    def put_json(self, name: str, value: Any) -> None:
        """Write a value."""
        with self.packing(name) as file:
            file.write(json.dumps(value, ensure_ascii=False).encode())

    def json(self, name: str) -> Any:
        """Read a value."""
        with self.unpacking(name) as file:
            return json.loads(file.read())

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return bool(self._files.get_file_info(name).type == fs.FileType.File)

    def folders(self, name: str) -> Sequence[str]:
        """The names of the folders in a folder, sorted."""
        found = self._files.get_file_info(fs.FileSelector(name, allow_not_found=True))
        return sorted(each.base_name for each in found if each.type == fs.FileType.Directory)

    def files_in(self, name: str, before: datetime | None = None) -> set[str]:
        """The names of all files below a folder, or of those that were written before a moment."""
        return {each.path for each in self._below(name) if before is None or each.mtime < before}

    def bytes_in(self, name: str) -> int:
        """The size of all files below a folder."""
        return sum(each.size or 0 for each in self._below(name))

    def remove(self, name: str) -> None:
        """Remove a file."""
        self._files.delete_file(name)

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all that is in it."""
        self._files.delete_dir(name)

    def _below(self, name: str) -> list[Any]:
        found = self._files.get_file_info(fs.FileSelector(name, allow_not_found=True, recursive=True))
        return [each for each in found if each.type == fs.FileType.File]
