"""Which addresses of the internet may be fetched from. Pure.

The ranges are those that IANA's special-purpose registries do not call globally reachable, and what clouds keep for
themselves: https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

from schema.errors import PermanentError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LONGEST_URL = 2048
_PORTS = {"http": 80, "https": 443}

_CLOSED_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared by the customers of a provider; some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own, on every machine of theirs
        "169.254.0.0/16",  # link-local, with the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_OPEN_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols, among them Teredo, which hides IPv4 addresses
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Reach:
    """Where fetching may go. `private`: networks that are allowed although they are not public, for development."""

    ports: frozenset[int] = frozenset(_PORTS.values())
    private: Sequence[Network] = ()

    @classmethod
    def of(cls, ports: Sequence[int], private: Sequence[Network]) -> "Reach":
        """The usual ports and these; the public internet and these networks."""
        return cls(cls().ports | frozenset(ports), tuple(private))

    def allows(self, address: str) -> bool:
        """Whether a connection may be made to this address; `address` as the resolver writes it."""
        try:
            found = _plain(ip_address(address))
        except ValueError:  # with a zone: an address of this network
            return False
        return is_public(found) or any(found.version == net.version and found in net for net in self.private)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet."""
    address = _plain(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    return address in _OPEN_6 and not any(address in network for network in _CLOSED_6)


def read_url(text: str, reach: Reach) -> httpx.URL:
    """The address that may be asked for, without its fragment. Raises `PermanentError`."""
    if len(text) > LONGEST_URL or not text.isprintable() or any(mark in text for mark in " \\"):
        raise PermanentError("bad_address", "This is no address of a web page.")
    try:
        url = httpx.URL(text)
        port = url.port or _PORTS.get(url.scheme, 0)
    except (httpx.InvalidURL, ValueError) as error:  # idna's errors are ValueErrors
        raise PermanentError("bad_address", "This is no address of a web page.") from error
    if url.scheme not in _PORTS or not url.host or "%" in url.host:
        raise PermanentError("bad_address", "Only addresses that begin with http:// or https:// are fetched.")
    if url.userinfo:
        raise PermanentError("bad_address", "Addresses with a user name or password in them are not fetched.")
    if port not in reach.ports:
        raise PermanentError("address_not_allowed", f"Port {port} is not fetched from.")
    return url.copy_with(fragment=None)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where connecting to one reaches the other."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
