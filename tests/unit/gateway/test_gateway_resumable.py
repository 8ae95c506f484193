"""Uploads in several requests: what headers say, what is on disk, and who has the turn."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from infra.local.gateway.storage import drafts, tus
from infra.local.gateway.storage.disk import Disk
from infra.local.gateway.storage.drafts import Drafts
from infra.local.gateway.storage.errors import StorageError
from infra.local.gateway.storage.turns import Turns, stoppable

pytestmark = pytest.mark.anyio
VERSION = "3f6b1f0e-6f0b-4f4e-9d57-0a3c3f9f5a10"


def header(pairs: dict[str, str]) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=20)


@given(st.dictionaries(KEYS, st.text(max_size=50), max_size=6))
def test_metadata_comes_back_as_it_was_sent(pairs: dict[str, str]) -> None:
    assert tus.parse_metadata(header(pairs)) == pairs


@given(st.text(max_size=60))
def test_no_header_does_more_than_be_refused(text: str) -> None:
    for read in (tus.parse_metadata, tus.parse_id):
        with suppress(StorageError):
            read(text)


@given(st.from_regex(r"[A-Za-z0-9_!-]([A-Za-z0-9_!/. -]{0,60}[A-Za-z0-9_!-])?", fullmatch=True))
def test_an_address_leads_back_to_its_object(name: str) -> None:
    assert tus.parse_id(tus.format_id("bucket", name, VERSION)) == ("bucket", name, VERSION)


@pytest.mark.parametrize(
    "changes",
    [
        {"upload-length": None},
        {"upload-length": "-1"},
        {"upload-length": "٣"},
        {"upload-length": "1" * 30},
        {"upload-defer-length": "1"},
        {"upload-metadata": header({"bucketName": "b"})},
        {"upload-metadata": header({"objectName": "n"})},
        {"upload-metadata": header({"bucketName": "b", "objectName": "/n"})},
        {"upload-metadata": "bucketName Yg==,bucketName Yg=="},
        {"upload-metadata": "bucketName not-base64!"},
    ],
)
def test_creations_that_are_refused(changes: dict[str, str | None]) -> None:
    good: dict[str, str | None] = {
        "upload-length": "3",
        "upload-metadata": header({"bucketName": "b", "objectName": "n"}),
    }
    assert tus.read_wanted({key: value for key, value in good.items() if value}).length == 3
    with pytest.raises(StorageError):
        tus.read_wanted({key: value for key, value in {**good, **changes}.items() if value is not None})


WANTED = tus.Wanted("b", "n", "text/plain", "no-cache", {"a": 1}, 5)


@pytest.fixture
def place(tmp_path: Path) -> Drafts:
    disk = Disk(tmp_path)
    disk.prepare()
    return Drafts(disk.drafts_folder)


async def chunks(*pieces: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if error is not None:
        raise error


async def test_an_upload_outlives_the_gateway(place: Drafts, tmp_path: Path) -> None:
    draft = await place.begin(WANTED, "owner", True, "metadata")
    await place.append(draft, chunks(b"he", b"l"), 5)
    again = Disk(tmp_path)
    again.prepare()
    found = await Drafts(again.drafts_folder).find(draft.version)
    assert found == draft
    assert place.offset(draft) == 3


async def test_what_came_before_an_error_is_kept(place: Drafts) -> None:
    draft = await place.begin(WANTED, None, False, "")
    with pytest.raises(ConnectionError):
        await place.append(draft, chunks(b"he", error=ConnectionError()), 5)
    with pytest.raises(StorageError):
        await place.append(draft, chunks(b"ll", b"too much"), 5)
    assert place.path(draft).read_bytes() == b"hell"


async def test_expired_uploads_go(place: Drafts, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = await place.begin(WANTED, None, False, "")
    later = time.time() + drafts.LIFE_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(StorageError) as gone:
        await place.find(draft.version)
    assert gone.value.status == 410
    await place.begin(WANTED, None, False, "")
    assert await place.find(draft.version) is None
    assert not place.path(draft).exists()


async def test_one_at_a_time_and_the_newer_stops_the_older() -> None:
    turns, order = Turns(), list[str]()
    working = asyncio.Event()

    async def older() -> None:
        async with turns.of("v") as stop:
            working.set()
            await stop.wait()
            order.append("older stopped")

    async def newer() -> None:
        await working.wait()
        async with turns.of("v") as stop:
            order.append("newer works")
            assert not stop.is_set()

    await asyncio.wait_for(asyncio.gather(older(), newer()), 5)
    assert order == ["older stopped", "newer works"]


async def test_a_request_that_must_stop_sees_its_client_gone() -> None:
    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    stop = asyncio.Event()
    waiting = asyncio.create_task(_receive(stoppable(never, stop)))
    stop.set()
    assert await asyncio.wait_for(waiting, 5) == {"type": "http.disconnect"}


async def _receive(receive: object) -> Message:
    assert callable(receive)
    message: Message = await receive()
    return message
