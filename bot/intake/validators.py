"""Validators as opaque bytes: taken as they come, sent back byte for byte (docs/feed-rules.md P1).

aiohttp writes header values as UTF-8 text. For the odd server whose validators are no UTF-8, the bytes are put
back in at the last moment, on their way to the socket.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from aiohttp import ClientRequest, ClientResponse

from bot.model import Validators

if TYPE_CHECKING:
    from aiohttp.connector import Connection

MAX_BYTES = 1_000
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def received(raw_headers: Iterable[tuple[bytes, bytes]]) -> Validators:
    """Return the validators of an answer; overlong ones and ones that no request can carry are left out."""
    etag = last_modified = None
    for name, value in raw_headers:
        if not value or len(value) > MAX_BYTES or _CONTROL.search(value):
            continue
        lowered = name.lower()
        if lowered == b"etag":
            etag = etag or value
        elif lowered == b"last-modified":
            last_modified = last_modified or value
    return Validators(etag, last_modified)


class _Verbatim(str):
    """A header value that must reach the wire as Latin-1 bytes, not as UTF-8."""

    __slots__ = ()


def header_value(validator: bytes) -> str:
    """Return the text that ``VerbatimRequest`` sends as exactly these bytes."""
    try:
        return validator.decode("utf-8")
    except UnicodeDecodeError:
        return _Verbatim(validator.decode("latin-1"))


class VerbatimRequest(ClientRequest):
    """A GET request that sends odd validators byte for byte."""

    async def send(self, conn: Connection) -> ClientResponse:
        """Send; aiohttp writes a request without a body before this returns."""
        odd = [value for value in self.headers.values() if isinstance(value, _Verbatim)]
        protocol = conn.protocol
        if not odd or protocol is None or protocol.transport is None:
            return await super().send(conn)
        transport = protocol.transport
        protocol.transport = cast("asyncio.Transport", _Rewriting(transport, odd))
        try:
            return await super().send(conn)
        finally:
            protocol.transport = transport


class _Rewriting:
    """Stands before a transport while one request head is written."""

    def __init__(self, transport: asyncio.Transport, odd: list[_Verbatim]) -> None:
        self._transport = transport
        self._odd = odd

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def write(self, data: bytes) -> None:
        for value in self._odd:
            data = data.replace(
                b": " + value.encode("utf-8") + b"\r\n", b": " + value.encode("latin-1") + b"\r\n"
            )
        self._transport.write(data)
