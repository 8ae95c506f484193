"""Upload bodies and the disk they end on."""

import errno
import hashlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive

from infra.local.gateway.storage.disk import Disk, Sink
from infra.local.gateway.storage.download import _span
from infra.local.gateway.storage.errors import StorageError
from infra.local.gateway.storage.limits import check_key, check_mime_type, parse_size
from infra.local.gateway.storage.receive import upload_body
from infra.local.gateway.wire import DatabaseError, DatabaseLostError

pytestmark = pytest.mark.anyio


def receiving(body: bytes, cuts: list[int]) -> Receive:
    """Return an ASGI receive that hands out a body cut at some places."""
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces = [body[start:end] for start, end in itertools.pairwise(places)] or [b""]

    async def receive() -> Message:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    return receive


def form(content: bytes, *fields: tuple[str, str]) -> bytes:
    head = b"".join(
        f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields
    )
    return (
        head
        + b'--XX\r\nContent-Disposition: form-data; name=""; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'
        + content
        + b"\r\n--XX--\r\n"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=300), st.just(b"\r\n--X\r\n--XX-")),
    cuts=st.lists(st.integers(0, 10**6), max_size=8),
)
async def test_a_form_gives_its_file_however_it_arrives(content: bytes, cuts: list[int]) -> None:
    receive = receiving(form(content, ("cacheControl", "60"), ("metadata", '{"a": 1}')), cuts)
    body = upload_body(receive, {"content-type": "multipart/form-data; boundary=XX"})
    traits = await body.start()
    assert (traits.mime, traits.cache_control, traits.user_metadata) == ("text/plain", "max-age=60", {"a": 1})
    assert b"".join([chunk async for chunk in body.chunks()]) == content


@pytest.mark.parametrize(
    "headers", [{"content-type": "multipart/form-data"}, {"content-type": "multipart/form-data; boundary=XX"}]
)
async def test_forms_without_a_file(headers: dict[str, str]) -> None:
    with pytest.raises(StorageError):
        await upload_body(receiving(b"--XX--\r\n", []), headers).start()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    made = Disk(tmp_path)
    made.prepare()
    return made


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_bytes_become_a_version(disk: Disk, tmp_path: Path) -> None:
    content = b"0123456789" * 300_000
    with disk.sink() as sink:
        for start in range(0, len(content), 700_001):
            await sink.write(content[start : start + 700_001])
        assert files(tmp_path / "objects") == []
        await sink.finish()
    assert (sink.size, sink.etag) == (len(content), f'"{hashlib.md5(content).hexdigest()}"')
    with disk.open(sink.version) as stored:
        assert stored.read() == content
    second = await disk.duplicate(sink.version)
    await disk.remove(sink.version, None)
    assert files(tmp_path) == [disk.path(second)]


async def test_a_version_whose_row_fails_is_removed(disk: Disk, tmp_path: Path) -> None:
    async def store(error: BaseException, keep: bool) -> None:
        with disk.sink() as sink, disk.provisional(sink.version) as provisional:
            await sink.write(b"x")
            await sink.finish()
            if keep:
                provisional.keep()
            raise error

    with pytest.raises(StorageError):
        await store(StorageError(409, "Duplicate", ""), keep=False)
    with pytest.raises(DatabaseError):
        await store(DatabaseError("23505", ""), keep=True)
    assert files(tmp_path) == []
    with pytest.raises(DatabaseLostError):
        await store(DatabaseLostError("the commit's answer was lost"), keep=True)
    assert len(files(tmp_path)) == 1


async def test_a_full_disk_leaves_nothing(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Sink) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def store() -> None:
        with disk.sink() as sink, disk.provisional(sink.version):
            await sink.write(b"x")
            await sink.finish()

    monkeypatch.setattr(Sink, "_drain", full)
    with pytest.raises(OSError, match="No space"):
        await store()
    assert files(tmp_path) == []


async def test_what_an_earlier_process_left_is_removed(disk: Disk, tmp_path: Path) -> None:
    with disk.sink() as sink:
        await sink.write(b"x")
    assert len(files(tmp_path)) == 1
    disk.prepare()
    assert files(tmp_path) == []


@pytest.mark.parametrize("version", ["../../etc/passwd", "", "x", "/etc/passwd"])
def test_only_versions_are_paths(disk: Disk, version: str) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        disk.path(version)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", (0, 9)),
        ("bytes=2-4", (2, 4)),
        ("bytes=7-", (7, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=0-99", (0, 9)),
        ("lines=1-2", (0, 9)),
    ],
)
def test_byte_ranges(header: str, wanted: tuple[int, int]) -> None:
    assert _span(header, 10) == wanted


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-2", "bytes=-0"])
def test_byte_ranges_out_of_bounds(header: str) -> None:
    with pytest.raises(StorageError) as refused:
        _span(header, 10)
    assert refused.value.status == 416


def test_limits() -> None:
    assert [parse_size(size) for size in ("20MB", "1.5kb", 7, "7", None)] == [20_000_000, 1500, 7, 7, None]
    for size in ("many", -1, True, "1TB"):
        with pytest.raises(StorageError):
            parse_size(size)
    check_mime_type("image/png; x=1", ["image/*"])
    with pytest.raises(StorageError):
        check_mime_type("text/html", ["text/plain", "image/*"])
    assert check_key("a/b c!.txt") == "a/b c!.txt"
    for key in ("", "é", "a\x00b", "a\nb", "/a", "a/", "x" * 1025, None):
        with pytest.raises(StorageError):
            check_key(key)


async def test_raw_bodies(tmp_path: Path) -> None:
    body = upload_body(receiving(b"abc", [1]), {"content-length": "3", "cache-control": "no-store"})
    traits = await body.start()
    assert (traits.mime, traits.cache_control, traits.announced) == ("application/octet-stream", "no-store", 3)
    chunks: AsyncIterator[bytes] = body.chunks()
    assert [chunk async for chunk in chunks] == [b"a", b"bc"]
