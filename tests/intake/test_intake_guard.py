"""Which addresses may be reached."""

import socket

import pytest

from bot.intake.guard import Forbidden, Guard, GuardedResolver, allowed

DENIED = """0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 192.0.0.9 192.0.2.1
    192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:db8::1
    2002:808:808::1 3fff::1 5f00::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1""".split()  # noqa: SIM905 - a table of words


@pytest.mark.parametrize("address", DENIED)
def test_private_special_and_tunnelled_addresses_are_denied(address):
    assert not allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed(address):
    assert allowed(address)


def test_an_operators_network_opens_exactly_itself():
    networks = ("192.168.1.0/24", "fd00::/8")
    assert allowed("192.168.1.77", networks)
    assert allowed("::ffff:192.168.1.77", networks)
    assert allowed("fd12::1", networks)
    assert not allowed("192.168.2.77", networks)


@pytest.mark.parametrize("text", ["", "example.org", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5"])
def test_what_is_no_address_is_not_allowed(text):
    assert not allowed(text)


@pytest.mark.parametrize(
    ("host", "port", "networks", "fine"),
    [
        ("8.8.8.8", 80, (), True),
        ("8.8.8.8", 8443, (), True),
        ("8.8.8.8", 22, (), False),
        ("8.8.8.8", 5000, (), False),
        ("127.0.0.1", 80, (), False),
        ("127.0.0.1", 5000, ("127.0.0.0/8",), True),
        ("127.0.0.1", 25, ("127.0.0.0/8",), False),
    ],
)
def test_ports_are_few_in_public_and_free_above_1023_in_allowed_networks(host, port, networks, fine):
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))
    guard = Guard(networks)
    if fine:
        guard.socket_factory(info).close()
    else:
        with pytest.raises(Forbidden) as told:
            guard.socket_factory(info)
        assert told.value.cause
        assert "allow_networks" in told.value.next_step


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed.xml",
        "//wire.example/feed",
        "ftp://wire.example/feed",
        "file:///etc/passwd",
        "http:///feed",
        "http://wire.example:0/",
        "http://wire.example:70000/",
        "http://user@wire.example/",
        "http://user:secret@wire.example/",
        "http://127.0.0.1\\@wire.example/",
        "http://wire.example/\r\nHost: inside",
        "http://wire.exa\tmple/",
        "http://wire.example/a b",
        "http://wire.example/\x85",
        "http://[::1",
    ],
)
def test_addresses_with_anything_hidden_in_them_are_refused(url):
    with pytest.raises(Forbidden) as told:
        Guard().check_url(url)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["http://wire.example/%7Ea?b=%2F&c#d", "https://wire.example:8443/feed?x=1+2"]
)
def test_an_ascii_address_is_asked_for_as_it_stands(url):
    assert str(Guard().check_url(url)) == url


async def test_a_name_that_also_points_inside_is_refused_as_a_whole():
    class TwoFaced:
        async def resolve(self, host, port, _family):
            return [{"hostname": host, "host": address, "port": port} for address in ("8.8.8.8", "10.0.0.1")]

    resolver = GuardedResolver(Guard())
    resolver._resolver = TwoFaced()
    with pytest.raises(Forbidden, match=r"10\.0\.0\.1 is not a public address"):
        await resolver.resolve("two-faced.example", 443)
