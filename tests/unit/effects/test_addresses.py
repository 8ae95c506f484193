"""Which addresses may be fetched from: nothing that leads into a private network, in whatever disguise."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.effects.addresses import Reach, is_public, read_url
from schema.errors import PermanentError

PUBLIC = Reach()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.100.100.200", "100.64.0.1", "168.63.129.16", "192.0.0.192", "224.0.0.1", "239.1.1.1",
        "255.255.255.255", "198.18.0.1", "203.0.113.9", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "3fff::1", "100::1",
        "5f00::1", "::ffff:0:127.0.0.1",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not PUBLIC.allows(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is_public(address: str) -> None:
    assert PUBLIC.allows(address)


@given(st.ip_addresses(v=4))
def test_what_python_calls_private_is_closed(address: ipaddress.IPv4Address) -> None:
    if (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
    ):
        assert not is_public(address)


@given(st.ip_addresses(v=6))
def test_what_python_calls_private_is_closed_in_version_6(address: ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_link_local or address.is_multicast or address.is_site_local:
        assert not is_public(address) or address in ipaddress.IPv6Network("64:ff9b::/96")


@given(st.ip_addresses(v=4))
def test_a_disguise_changes_nothing(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address))
    assert is_public(mapped) == is_public(translated) == is_public(address)
    assert not is_public(ipaddress.IPv6Address((0x2002 << 112) + (int(address) << 80)))


def test_a_private_network_is_open_to_whoever_names_it() -> None:
    reach = Reach.of([], [ipaddress.ip_network("127.0.0.0/8")])
    assert reach.allows("127.0.0.1")
    assert reach.allows("::ffff:127.0.0.1")
    assert not reach.allows("10.0.0.1")
    assert not reach.allows("::1")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.com/", "bad_address"),
        ("file:///etc/passwd", "bad_address"),
        ("gopher://example.com", "bad_address"),
        ("//example.com/", "bad_address"),
        ("example.com", "bad_address"),
        ("http://", "bad_address"),
        ("http:///path", "bad_address"),
        ("https://user:secret@example.com/", "bad_address"),
        ("https://user@example.com/", "bad_address"),
        ("https://example.com\\@127.0.0.1/", "bad_address"),
        ("https://exa mple.com/", "bad_address"),
        ("https://example.com/\r\nHost: x", "bad_address"),
        ("https://example.com:99999/", "address_not_allowed"),
        ("https://[fe80::1%25eth0]/", "bad_address"),
        ("https://" + "a" * 3000, "bad_address"),
        ("https://example.com:22/", "address_not_allowed"),
        ("http://example.com:8080/", "address_not_allowed"),
    ],
)
def test_addresses_that_are_refused_unasked(url: str, code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        read_url(url, PUBLIC)
    assert refused.value.code == code
    assert "secret" not in refused.value.message


def test_addresses_that_are_taken() -> None:
    assert str(read_url("HTTPS://Example.com/a?b=c#d", PUBLIC)) == "https://example.com/a?b=c"
    assert read_url("http://example.com:8080/", Reach.of([8080], [])).port == 8080
    assert read_url("https://bücher.example/", PUBLIC).raw_host == b"xn--bcher-kva.example"


@given(st.text(max_size=80))
def test_whatever_is_written_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.com/{text}"):
        try:
            taken = read_url(url, PUBLIC)
        except PermanentError:
            continue
        assert taken.scheme in ("http", "https")
        assert taken.host
        assert not taken.userinfo
