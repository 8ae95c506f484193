"""Connections for calls that are many and small: decision 0020."""

from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp


def open_session(url: str, headers: Mapping[str, str], seconds: float) -> aiohttp.ClientSession:
    """A session with the service at this address, whose calls may take so many seconds."""
    return aiohttp.ClientSession(
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=_proxy_to(url),  # trust_env would look for it, and for ~/.netrc, in a thread at every call
    )


def _proxy_to(url: str) -> str | None:
    """The proxy that the environment wants for this address."""
    address = urlsplit(url)
    return None if proxy_bypass(address.hostname or "") else getproxies().get(address.scheme)
