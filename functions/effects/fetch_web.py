"""Fetches documents from the web: `WebFetcher`.

What is asked for comes from people, and this machine can reach places that they cannot. So each address, also of each
redirect, is resolved and checked here, and the connection goes to the very address that was checked: asking the
resolver once more might bring another one. Names in certificates are checked as ever.
"""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from functions.effects.addresses import Reach, read_url
from functions.effects.inflate import Inflating, reader_of
from schema.errors import JobError, PermanentError, TransientError
from schema.web import Fetched, Unchanged, Validators

REDIRECTS = 5
TOTAL_SECONDS = 60.0
CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0  # between two pieces
ADDRESSES = 4  # of one name are tried
_REDIRECTING = (301, 302, 303, 307, 308)
_LATER = (408, 425, 429, 500, 502, 503, 504)
_UNREACHABLE = (httpx.ConnectError, httpx.ConnectTimeout)


@dataclass(frozen=True)
class WebFetcher:
    """Implements `WebFetcher`. `tls` is for web servers whose certificates a public authority has not signed."""

    reach: Reach = field(default_factory=Reach)
    tls: ssl.SSLContext | None = None
    seconds: float = TOTAL_SECONDS

    async def fetch(self, url: str, into: Path, most_bytes: int, known: Validators | None) -> Fetched | Unchanged:
        """Write what is at the address into a file, unless it is what is `known`."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._follow(url, into, most_bytes, known)
        except TimeoutError as error:
            raise TransientError(
                "fetch_timeout", f"The page did not come within {self.seconds:.0f} seconds."
            ) from error
        except (httpx.TransportError, httpx.StreamError) as error:
            raise _translated(error) from error

    async def _follow(self, url: str, into: Path, most_bytes: int, known: Validators | None) -> Fetched | Unchanged:
        place = read_url(url, self.reach)
        for _ in range(REDIRECTS + 1):
            async with self._answer(place, known) as answer:
                if answer.status_code not in _REDIRECTING:
                    return await _take(answer, into, most_bytes, known)
                target = answer.headers.get("location", "")
            try:
                following = str(place.join(target))
            except (httpx.InvalidURL, ValueError) as error:
                raise PermanentError("bad_address", "The page leads to an address that is none.") from error
            place = read_url(following, self.reach)
        raise PermanentError("too_many_redirects", f"The page leads on more than {REDIRECTS} times.")

    @asynccontextmanager
    async def _answer(self, place: httpx.URL, known: Validators | None) -> AsyncIterator[httpx.Response]:
        """The answer of the first of the name's addresses that can be connected to."""
        addresses = await self._resolve(place)
        # A client for each step: cookies and connections of one server are none of the next one's business.
        # Without the environment's proxies: they would resolve names themselves.
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
        verify = self.tls if self.tls is not None else True
        async with httpx.AsyncClient(trust_env=False, timeout=timeout, verify=verify) as client:
            answer = await _ask(client, place, addresses, known)
            try:
                yield answer
            finally:
                await answer.aclose()

    async def _resolve(self, place: httpx.URL) -> list[str]:
        """The addresses of the host; one that may not be connected to condemns them all."""
        port = place.port or (443 if place.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(place.raw_host.decode(), port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise _unresolved(error) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not addresses or not all(self.reach.allows(address) for address in addresses):
            raise PermanentError("address_not_allowed", "This address does not lead to a public web server.")
        return addresses[:ADDRESSES]


async def _ask(
    client: httpx.AsyncClient, place: httpx.URL, addresses: list[str], known: Validators | None
) -> httpx.Response:
    for address in addresses:
        request = client.build_request(
            "GET",
            place.copy_with(host=address),
            headers={"host": place.netloc.decode(), **_headers(known)},
            extensions={"sni_hostname": place.raw_host.decode()},
        )
        try:
            return await client.send(request, stream=True, follow_redirects=False)
        except _UNREACHABLE:
            if address == addresses[-1]:
                raise
    raise AssertionError("a name without addresses has been refused")


def _headers(known: Validators | None) -> Mapping[str, str]:
    headers = {"accept": "*/*", "accept-encoding": "gzip, deflate", "user-agent": "Rivulet"}
    if known:
        told = {"if-none-match": known.etag, "if-modified-since": known.last_modified}
        # In which encoding a server meant other characters nobody knows, so they cannot be said back to it.
        headers |= {name: value for name, value in told.items() if value and value.isascii()}
    return headers


async def _take(answer: httpx.Response, into: Path, most_bytes: int, known: Validators | None) -> Fetched | Unchanged:
    if answer.status_code == httpx.codes.NOT_MODIFIED and known is not None:
        return Unchanged()
    if answer.status_code != httpx.codes.OK:
        raise _refused(answer.status_code)
    if int(answer.headers.get("content-length", "0") or 0) > most_bytes:
        raise _too_large(most_bytes)
    size, digest = await _write(answer, into, most_bytes)
    if not size:
        raise PermanentError("empty", "There is nothing at this address.")
    headers = answer.headers
    mime = headers.get("content-type", "").partition(";")[0].strip().lower() or None
    return Fetched(
        mime=mime, bytes=size, hash=digest, etag=headers.get("etag"), last_modified=headers.get("last-modified")
    )


async def _write(answer: httpx.Response, into: Path, most_bytes: int) -> tuple[int, str]:
    """Write the body; return its size in bytes and SHA-256."""
    reader, digest, size = reader_of(answer.headers.get("content-encoding")), hashlib.sha256(), 0
    with into.open("wb") as file:
        async for data in answer.aiter_raw():
            for piece in reader.feed(data):
                size += len(piece)
                if size > most_bytes:
                    raise _too_large(most_bytes)
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
    if size or isinstance(reader, Inflating):
        reader.end()
    return size, digest.hexdigest()


def _too_large(most_bytes: int) -> PermanentError:
    return PermanentError("too_large", f"Files of more than {most_bytes // 1024**2} MB are not read.")


def _refused(status: int) -> JobError:
    if status in _LATER:
        return TransientError("fetch_failed", f"The web server answered {status}: it is busy or out of order.")
    if status in (401, 402, 403, 407, 451):
        return PermanentError("fetch_refused", f"The web server answered {status}: this page is not open to everyone.")
    if status in (404, 410):
        return PermanentError("not_found", f"The web server answered {status}: there is no such page.")
    return PermanentError("fetch_failed", f"The web server answered {status}, which is no page.")


def _unresolved(error: Exception) -> JobError:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return TransientError("unknown_host", "The name in this address cannot be looked up at the moment.")
    return PermanentError("unknown_host", "There is no web server of this name.")


def _translated(error: Exception) -> JobError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return PermanentError("bad_certificate", "The web server cannot prove that it is the one in the address.")
        cause = cause.__cause__ or cause.__context__
    return TransientError("fetch_failed", "The web server does not answer.")
