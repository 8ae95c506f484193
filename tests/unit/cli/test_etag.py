"""A file is known by the tag that Storage keeps of it, sent in one piece or in parts."""

import hashlib
from pathlib import Path

import pytest

from infra.cli.etag import MIB, is_file

CONTENT = bytes(range(256)) * (50 * 1024)  # 12.5 MiB


def tag_of(part: int) -> str:
    digests = [hashlib.md5(CONTENT[at : at + part]).digest() for at in range(0, len(CONTENT), part)]
    return f'"{hashlib.md5(b"".join(digests)).hexdigest()}-{len(digests)}"'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "f"
    place.write_bytes(CONTENT)
    return place


@pytest.mark.parametrize("etag", [f'"{hashlib.md5(CONTENT).hexdigest()}"', tag_of(5 * MIB), tag_of(6 * MIB)])
def test_the_same_bytes(file: Path, etag: str) -> None:
    assert is_file(file, etag, len(CONTENT))
    assert is_file(file, etag.strip('"'), len(CONTENT))
    assert not is_file(file, etag, len(CONTENT) - 1)


@pytest.mark.parametrize("etag", [None, '"0"', '"0-3"', '"0-x"', "", tag_of(7 * MIB)])
def test_other_bytes_or_an_unknown_tag(file: Path, etag: str | None) -> None:
    assert not is_file(file, etag, len(CONTENT))


def test_one_part_is_not_the_whole(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"x")
    tag = hashlib.md5(hashlib.md5(b"x").digest()).hexdigest()
    assert is_file(tmp_path / "s", f"{tag}-1", 1)
    assert not is_file(tmp_path / "s", tag, 1)
