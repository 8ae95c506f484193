"""Fetching from the web, against a real web server: what comes, and what is refused."""

import asyncio
import hashlib
import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from functions.effects.addresses import Reach
from functions.effects.fetch_web import WebFetcher
from schema.errors import PermanentError, TransientError
from schema.web import Fetched, Unchanged, Validators
from tests import serving
from tests.integration.web import PAGE, TAG, Web

pytestmark = pytest.mark.anyio
MOST = 1024**2
LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.fixture
def web() -> Iterator[tuple[Web, str]]:
    made = Web()
    with serving.application(lambda _: made.app) as url:
        yield made, url


def fetcher(url: str, seconds: float = 20.0) -> WebFetcher:
    """One that may go to this server although it is on this machine."""
    return WebFetcher(Reach.of([urlsplit(url).port or 80], LOOPBACK), seconds=seconds)


async def refusal(attempt: Any) -> str:
    with pytest.raises((PermanentError, TransientError)) as refused:
        await attempt
    return f"{type(refused.value).__name__} {refused.value.code}"


async def test_a_page_is_written_with_what_tells_it_from_others(web: tuple[Web, str], tmp_path: Path) -> None:
    server, url = web
    fetched = await fetcher(url).fetch(f"{url}/page#part", tmp_path / "f", MOST, None)
    digest = hashlib.sha256(PAGE).hexdigest()
    assert fetched == Fetched(hash=digest, etag=TAG, last_modified=None, bytes=len(PAGE), mime="text/html")
    assert (tmp_path / "f").read_bytes() == PAGE
    known = Validators(hash=digest, etag=TAG)
    assert await fetcher(url).fetch(f"{url}/page", tmp_path / "g", MOST, known) == Unchanged()
    assert server.sent == ["/page"]


async def test_a_tag_that_cannot_be_sent_back_is_not(web: tuple[Web, str], tmp_path: Path) -> None:
    server, url = web
    server.tag = '"wéir-1"'
    first = await fetcher(url).fetch(f"{url}/page", tmp_path / "f", MOST, None)
    assert isinstance(first, Fetched)
    known = Validators(hash=first.hash, etag=first.etag, last_modified="früher")

    again = await fetcher(url).fetch(f"{url}/page", tmp_path / "g", MOST, known)

    assert again == first
    assert first.etag == server.tag


async def test_nothing_on_this_machine_unless_the_settings_say_so(web: tuple[Web, str], tmp_path: Path) -> None:
    server, url = web
    port = urlsplit(url).port
    careful = WebFetcher(Reach.of([port or 80], []))
    for host in (
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "0",
    ):
        attempt = careful.fetch(f"http://{host}:{port}/page", tmp_path / "f", MOST, None)
        assert await refusal(attempt) in (
            "PermanentError address_not_allowed",
            "PermanentError bad_address",
            "PermanentError unknown_host",  # where the resolver does not know this way to write an address
        ), host
    assert server.asked == []
    assert not (tmp_path / "f").exists()


async def test_redirects_are_followed_and_counted(web: tuple[Web, str], tmp_path: Path) -> None:
    _, url = web
    assert isinstance(await fetcher(url).fetch(f"{url}/hops/4", tmp_path / "f", MOST, None), Fetched)
    assert await refusal(fetcher(url).fetch(f"{url}/hops/5", tmp_path / "f", MOST, None)) == (
        "PermanentError too_many_redirects"
    )


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address_not_allowed"),
        ("http://10.0.0.1/", "address_not_allowed"),
        ("http://[::1]/", "address_not_allowed"),
        ("http://127.0.0.1:22/", "address_not_allowed"),
        ("file:///etc/passwd", "bad_address"),
        ("http://user:pass@127.0.0.1/", "bad_address"),
    ],
)
async def test_each_redirect_is_checked_anew(web: tuple[Web, str], tmp_path: Path, target: str, code: str) -> None:
    server, url = web
    attempt = fetcher(url).fetch(f"{url}/redirect?to={target}", tmp_path / "f", MOST, None)
    assert await refusal(attempt) == f"PermanentError {code}"
    assert len(server.asked) == 1


async def test_cookies_are_not_carried_on(web: tuple[Web, str], tmp_path: Path) -> None:
    server, url = web
    await fetcher(url).fetch(f"{url}/cookie", tmp_path / "f", MOST, None)
    assert server.asked == [f"{urlsplit(url).netloc}/page"]


class Resolver:
    """Answers with other addresses each time, as a hostile name server does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", self._resolve)

    async def _resolve(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        answer = self.answers.pop(0)
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]


async def test_the_connection_goes_to_the_address_that_was_checked(
    web: tuple[Web, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, url = web
    port = urlsplit(url).port
    resolver = Resolver(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    await fetcher(url).fetch(f"http://rebinding.example:{port}/page", tmp_path / "f", MOST, None)
    assert resolver.asked == 1  # a second answer is never asked for, so it cannot be another one
    assert server.asked == [f"rebinding.example:{port}/page"]
    assert await refusal(fetcher(url).fetch(f"http://rebinding.example:{port}/page", tmp_path / "f", MOST, None)) == (
        "PermanentError address_not_allowed"
    )


async def test_one_private_address_among_public_ones_condemns_the_name(
    web: tuple[Web, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, url = web
    Resolver(monkeypatch, ["93.184.216.34", "10.0.0.1"], [])
    attempt = fetcher(url).fetch("http://mixed.example/", tmp_path / "f", MOST, None)
    assert await refusal(attempt) == "PermanentError address_not_allowed"
    attempt = fetcher(url).fetch("http://nowhere.example/", tmp_path / "f", MOST, None)
    assert await refusal(attempt) == "PermanentError unknown_host"


async def test_the_next_address_is_tried_when_one_is_down(
    web: tuple[Web, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, url = web
    Resolver(monkeypatch, ["127.77.77.77", "127.0.0.1"])
    attempt = await fetcher(url).fetch(f"http://two.example:{urlsplit(url).port}/page", tmp_path / "f", MOST, None)
    assert isinstance(attempt, Fetched)


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("status/404", "PermanentError not_found"),
        ("status/410", "PermanentError not_found"),
        ("status/403", "PermanentError fetch_refused"),
        ("status/418", "PermanentError fetch_failed"),
        ("status/503", "TransientError fetch_failed"),
        ("status/429", "TransientError fetch_failed"),
        ("status/304", "PermanentError fetch_failed"),
        ("cut", "TransientError bad_answer"),
        ("br", "PermanentError bad_answer"),
        ("bomb", "PermanentError too_large"),
        ("unannounced", "PermanentError too_large"),
    ],
)
async def test_answers_that_are_no_page(web: tuple[Web, str], tmp_path: Path, path: str, outcome: str) -> None:
    _, url = web
    assert await refusal(fetcher(url).fetch(f"{url}/{path}", tmp_path / "f", MOST, None)) == outcome


async def test_compressed_answers_are_read(web: tuple[Web, str], tmp_path: Path) -> None:
    _, url = web
    fetched = await fetcher(url).fetch(f"{url}/gzip", tmp_path / "f", MOST, None)
    assert (tmp_path / "f").read_bytes() == PAGE
    assert isinstance(fetched, Fetched)
    assert fetched.bytes == len(PAGE)


async def test_a_server_that_never_ends_is_left(web: tuple[Web, str], tmp_path: Path) -> None:
    _, url = web
    assert await refusal(fetcher(url, 0.5).fetch(f"{url}/slow", tmp_path / "f", MOST, None)) == (
        "TransientError fetch_timeout"
    )


async def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]  # bound, but nobody listens
        attempt = fetcher(f"http://127.0.0.1:{port}").fetch(f"http://127.0.0.1:{port}/", tmp_path / "f", MOST, None)
        assert await refusal(attempt) == "TransientError fetch_failed"
