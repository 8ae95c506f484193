"""Office files under a password: opened with it, then read as what they are."""

import io
from collections.abc import Iterator
from dataclasses import replace

import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError
from msoffcrypto.format.ooxml import OOXMLFile

from functions.effects.parsing.archive import LOCKED, STRANGE_LOCK, WRONG_PASSWORD
from functions.effects.parsing.source import Plan, Reader, Source, Stretch

# With it Excel encrypts workbooks that are only to be protected from changes. Source: MS-OFFCRYPTO 2.4.2.3.
NO_PASSWORD = "VelvetSweatshop"  # noqa: S105 - published, and the same for everyone


def locked_reader(read: Reader) -> Reader:
    """Reads locked Office files, and with `read` what is in them."""

    def read_locked(source: Source) -> Iterator[Stretch | Plan]:
        return read(replace(source, content=_unlocked(source), file=None))

    return read_locked


def _unlocked(source: Source) -> bytes:
    plain = io.BytesIO()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(source.data))
        verified = {"verify_password": True} if isinstance(office, OOXMLFile) else {}  # the older formats always do
        office.load_key(password=source.password or NO_PASSWORD, **verified)
        office.decrypt(plain)
    except (InvalidKeyError, DecryptionError) as error:
        raise (WRONG_PASSWORD if source.password else LOCKED) from error
    except (FileFormatError, ParseError, OSError, ValueError, LookupError, NotImplementedError) as error:
        raise (STRANGE_LOCK if source.password else LOCKED) from error
    return plain.getvalue()
