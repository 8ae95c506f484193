"""Files encrypted at rest: AES-256-GCM, frame by frame, so that a file of any size needs little memory.

A file is a salt and frames of a mebibyte. Its key is derived from the backup's key and the salt (HKDF, RFC 5869), so a
frame's number is a nonce that is never used twice. The number, and whether it is the last, are authenticated with each
frame: frames cannot be changed, moved, left out or cut off. (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015.)
"""

import base64
import binascii
import io
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infra.cli.errors import CommandError

MAGIC = b"RVLT1"
SALT_BYTES = 16
FRAME_BYTES = 1 << 20
TAG_BYTES = 16
KEY_VARIABLE = "RIVULET_BACKUP_KEY"


def read_key(text: str | None) -> bytes | None:
    """The key that the environment gives, None if it gives none."""
    if not text:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise CommandError(f"{KEY_VARIABLE} must be 32 random bytes in base64. Make one: openssl rand -base64 32")
    return key


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"rivulet backup").derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return bytes([last]) + number.to_bytes(11, "big")


class Sealer(io.RawIOBase):
    """Encrypts what is written to it into another file, which it closes. A file that was not closed cannot be read."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._file, self._cipher_of_file = file, _cipher(key, salt)
        self._held = bytearray()
        self._number = 0
        file.write(MAGIC + salt)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Take data; full frames go on, the last one is kept back until the end."""
        self._held += data
        while len(self._held) > FRAME_BYTES:
            self._send(bytes(self._held[:FRAME_BYTES]), last=False)
            del self._held[:FRAME_BYTES]
        return len(data)

    def close(self) -> None:
        """Write the last frame."""
        if not self.closed:
            self._send(bytes(self._held), last=True)
            self._file.close()
            super().close()

    def _send(self, frame: bytes, last: bool) -> None:
        self._file.write(self._cipher_of_file.encrypt(_nonce(self._number, last), frame, None))
        self._number += 1


class Opener(io.RawIOBase):
    """Reads what a `Sealer` wrote. Raises `CommandError` where that cannot be trusted."""

    def __init__(self, file: BinaryIO, key: bytes, name: str) -> None:
        head = file.read(len(MAGIC) + SALT_BYTES)
        if not head.startswith(MAGIC):
            raise CommandError(f"{name} is not encrypted, or not a file of a backup.")
        self._file, self._name, self._cipher_of_file = file, name, _cipher(key, head[len(MAGIC) :])
        self._number = 0
        self._next = file.read(FRAME_BYTES + TAG_BYTES)
        self._open = b""
        self._ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Give some of the content."""
        if not self._open and not self._ended:
            self._open = self._frame()
        taken, self._open = self._open[: len(buffer)], self._open[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _frame(self) -> bytes:
        frame, self._next = self._next, self._file.read(FRAME_BYTES + TAG_BYTES)
        self._ended = not self._next
        try:
            opened = self._cipher_of_file.decrypt(_nonce(self._number, self._ended), frame, None)
        except InvalidTag:
            raise CommandError(
                f"{self._name} cannot be opened: {KEY_VARIABLE} is another one, or the file was changed or cut off."
            ) from None
        self._number += 1
        return opened
