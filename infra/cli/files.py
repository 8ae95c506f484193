"""Which files an upload means, and the names under which Storage keeps them. Pure but for looking at the disk."""

import hashlib
import mimetypes
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.cli.errors import CommandError
from infra.cli.ignore import Rules, walk

# What Supabase Storage takes in an object name, without the characters that addresses give a meaning of their own:
# https://supabase.com/docs/guides/storage/uploads/standard-uploads (AWS's safe characters).
_NOT_STORABLE = re.compile(r"[^A-Za-z0-9_/!.*'() &$@=;:+,-]+")
LONGEST_NAME = 900  # characters; Storage takes 1024 with the library's id
UNKNOWN_TYPE = "application/octet-stream"
# Types that the tables of many systems lack.
_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".epub": "application/epub+zip",
    ".rtf": "application/rtf",
    ".md": "text/markdown",
    ".eml": "message/rfc822",
    ".csv": "text/csv",
}


@dataclass(frozen=True)
class Upload:
    """A file to be uploaded: where it is, what people call it, and its object's name inside the library's folder."""

    file: Path
    name: str
    key: str
    mime: str


@dataclass(frozen=True)
class Found:
    """What a command's paths name: files to send, how many are left out, and those that cannot be read, with why."""

    uploads: Sequence[Upload]
    skipped: int = 0
    unreadable: Sequence[tuple[str, str]] = ()


def find_uploads(paths: Sequence[Path]) -> list[Upload]:
    """The files that `paths` name, those in folders included; hidden ones in folders are left out."""
    return list(find(paths).uploads)


def find(paths: Sequence[Path], ignore: Sequence[str] = ()) -> Found:
    """The files that `paths` name, and those in folders that no pattern leaves out."""
    uploads: list[Upload] = []
    unreadable: list[tuple[str, str]] = []
    skipped = 0
    for path in paths:
        for file, name, left_out in _expand(path, Rules.of(ignore)):
            fault = None if left_out else _fault(file)
            if left_out:
                skipped += 1
            elif fault is None:
                uploads.append(_upload(file, name))
            elif file == path:
                raise CommandError(f"{_printable(name)} cannot be read: {fault}.")
            else:
                unreadable.append((_printable(name), f"It cannot be read: {fault}."))
    return Found(_distinct(uploads), skipped, unreadable)


def _distinct(uploads: Sequence[Upload]) -> list[Upload]:
    taken: dict[str, Path] = {}
    for upload in uploads:
        other = taken.setdefault(upload.key, upload.file)
        if other.absolute() != upload.file.absolute():
            raise CommandError(
                f"{other} and {upload.file} would both be called {upload.name}. Upload them one after the other "
                "under different names, or upload the folder that holds both."
            )
    return list({upload.key: upload for upload in uploads}.values())


def storable(name: str) -> str:
    """The name as Storage takes it; other characters are replaced, and a digest keeps different names apart."""
    simple = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() if not name.isascii() else name
    simple = _NOT_STORABLE.sub("_", simple)
    if simple == name and len(name) <= LONGEST_NAME:
        return name
    stem, dot, suffix = simple.rpartition(".")
    stem, suffix = (stem, dot + suffix) if dot and "/" not in suffix and len(suffix) <= 20 else (simple, "")
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{stem[: LONGEST_NAME - 40]}-{digest}{suffix}"


def _upload(file: Path, name: str) -> Upload:
    mime = _TYPES.get(file.suffix.lower()) or mimetypes.guess_type(file.name)[0] or UNKNOWN_TYPE
    return Upload(file, name, storable(name), mime)


def _fault(file: Path) -> str | None:
    """Why a file cannot be read; None if it can."""
    try:
        str(file).encode()
        file.open("rb").close()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    except OSError as error:
        return error.strerror or str(error)
    return None


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _expand(path: Path, rules: Rules) -> Iterator[tuple[Path, str, bool]]:
    """Each file, its name, and whether a pattern leaves it out."""
    if path.is_file():
        yield path, path.name, False
    elif path.is_dir():
        files = _walked(path, rules)
        if not files:
            raise CommandError(f"There are no files in {path}.")
        for file, left_out in files:
            yield file, Path(path.resolve().name, file.relative_to(path)).as_posix(), left_out
    elif path.exists():
        raise CommandError(f"{path} is neither a file nor a folder.")
    else:
        raise CommandError(f"There is no file or folder {path}.")


def _walked(folder: Path, rules: Rules) -> list[tuple[Path, bool]]:
    try:
        return list(walk(folder, rules))
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error
