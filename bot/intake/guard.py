"""Which addresses may be reached: public ones, and the private networks an operator allows.

A feed's address comes from strangers, and so does everything it redirects to. Names can lie (DNS rebinding,
``0x7f000001``, ``①②⑦.⓪.⓪.①``), so the last word is spoken where a socket is made for a final address: that
also covers literal addresses and redirects. Rules: docs/feed-rules.md, "Safety".
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PUBLIC_PORTS = frozenset({80, 443, 8080, 8443})
FIRST_FREE_PORT = 1024
"""In allowed networks every port from here up may be used too."""

# What Python calls global and is not, or leads somewhere else than it says (tunnels, translators).
_DENIED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_FOUR_NUMBERS = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_LOOKUPS_AT_ONCE = 64
_FIRST_PRINTABLE = 0x21
_DELETE, _C1_END = 0x7F, 0xA0


class Forbidden(Exception):
    """This address is not ours to reach; the message says why, the next step says what an operator may do."""

    def __init__(self, cause: str, next_step: str) -> None:
        super().__init__(f"{cause}; {next_step}")
        self.cause = cause
        self.next_step = next_step


def allowed(address: str | Address, allow_networks: Iterable[str | Network] = ()) -> bool:
    """Whether an IP address is public, or lies in one of the operator's networks. False for what is none."""
    try:
        ip = _plain_address(address)
        networks = [ipaddress.ip_network(network) for network in allow_networks]
    except ValueError:
        return False
    return _is_inside(ip, networks) or _is_public(ip)


class Guard:
    """Checks addresses (before a request) and sockets (before a connection) for one set of allowed networks."""

    def __init__(self, allow_networks: Iterable[str] = ()) -> None:
        self._networks = [ipaddress.ip_network(network) for network in allow_networks]

    def check_url(self, url: str) -> URL:
        """Return the address ready for a request, or raise ``Forbidden``. Touches no network."""
        if any(ord(c) < _FIRST_PRINTABLE or _DELETE <= ord(c) < _C1_END for c in url) or "\\" in url:
            raise Forbidden(
                "the address contains spaces, control characters or backslashes",
                "copy it again from a browser",
            )
        try:
            # An ASCII address is used as it stands: requoting it would ask for another one.
            parsed = URL(url, encoded=url.isascii())
            host, port = parsed.host, parsed.port
        except ValueError as error:
            raise Forbidden(
                f"the address cannot be understood ({error})", "check it for typing errors"
            ) from error
        if parsed.scheme not in ("http", "https"):
            raise Forbidden("the address does not begin with http:// or https://", "give a web address")
        if not host or port == 0:
            raise Forbidden("the address names no host", "check it for typing errors")
        _check_host(str(parsed.raw_host))
        if parsed.raw_user is not None or parsed.raw_password is not None:
            raise Forbidden(
                "the address contains a user name or password",
                "remove the part between // and @; it would be stored",
            )
        return parsed

    def check(self, host: str, port: int) -> None:
        """Raise ``Forbidden`` unless this IP address may be reached at this port."""
        ip = _plain_address(host)
        if _is_inside(ip, self._networks):
            if port in PUBLIC_PORTS or port >= FIRST_FREE_PORT:
                return
        elif not _is_public(ip):
            raise Forbidden(
                f"{ip} is not a public address",
                "if you trust what answers there, add its network to allow_networks under [fetching]",
            )
        if port not in PUBLIC_PORTS:
            raise Forbidden(
                f"port {port} is not used (only 80, 443, 8080 and 8443 are)",
                "give an address on one of these, or add its network to allow_networks under [fetching]",
            )

    def socket_factory(self, addr_info: tuple[Any, ...]) -> socket.socket:
        """Make the socket for a final address, or raise ``Forbidden``; for aiohttp's ``TCPConnector``."""
        family, kind, protocol, _name, address = addr_info
        self.check(str(address[0]), int(address[1]))
        return socket.socket(family=family, type=kind, proto=protocol)


class GuardedResolver(AbstractResolver):
    """DNS whose every answer must be reachable: a name that also points inside is refused as a whole."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._resolver: AbstractResolver = _SystemResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look up a name; raise ``Forbidden`` when any of its addresses is, ``OSError`` when it has none."""
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            self._guard.check(result["host"], port)
        return found

    async def close(self) -> None:
        """Release the resolver."""
        await self._resolver.close()


class _SystemResolver(AbstractResolver):
    """The computer's own resolver, in threads of its own.

    Its calls block, for half a minute each where a name server is silent. asyncio's common threads are few: a
    handful of dead names would keep everybody else waiting.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, "dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look up a name; raise ``OSError`` when it has no address."""
        look_up = partial(
            socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Let no further look-up begin."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _check_host(host: str) -> None:
    """Refuse a host that is no name and no plainly written IP address; ``Forbidden``.

    By the rules of browsers and of many resolvers ``127.1``, ``0x7f000001`` and ``2130706433`` are addresses,
    by others they are names: what two readers may read differently is read by none.
    """
    if ":" in host:
        return  # an IPv6 literal, which was parsed already
    if not _HOST_NAME.fullmatch(host):
        raise Forbidden("the host's name contains characters that no name has", "check it for typing errors")
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) and not _FOUR_NUMBERS.fullmatch(host):
        raise Forbidden(
            "the address writes its host as a number in an unusual form",
            "write it as four numbers with points between them, or give its name",
        )


def _plain_address(address: str | Address) -> Address:
    """Parse, and look through the IPv6 form of an IPv4 address; a zone (``%eth0``) makes no difference."""
    ip = ipaddress.ip_address(address.partition("%")[0] if isinstance(address, str) else address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def _is_inside(ip: Address, networks: Iterable[Network]) -> bool:
    return any(ip in network for network in networks)


@lru_cache(maxsize=4096)
def _is_public(ip: Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not _is_inside(ip, _DENIED)
