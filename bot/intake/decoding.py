"""Content-Encoding, taken off with a limit: a few hundred bytes may unfold into gigabytes, or break off.

Both are checked here, because no HTTP client does: the decoded size is bounded while decoding, and a
compressed body counts only when its end was reached. Pure.
"""

from __future__ import annotations

import sys
import zlib
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd  # the same module, for older Pythons, by the same people

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
"""What is decoded here, and so all that is ever asked for (P21)."""

_STEP = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"
_NO_ENCODING = frozenset({"", "identity", "none", "binary", "utf-8", "8bit", "7bit"})
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31
_ZSTD_WINDOW_LOG = 23


class TooLarge(Exception):
    """The decoded body exceeds the limit."""


class Broken(Exception):
    """The body breaks off or is not in the encoding it claims; the message says which."""


class Decoder(Protocol):
    """Takes a body apart chunk by chunk."""

    @property
    def size(self) -> int:
        """Bytes decoded so far."""
        ...

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk; raise ``TooLarge`` or ``Broken``."""
        ...

    def finish(self) -> bytes:
        """Return the whole decoded body; raise ``Broken`` when its end was not reached."""
        ...


def decoder(encoding: str, limit: int) -> Decoder:
    """Return a decoder for a Content-Encoding header; raise ``Broken`` for one we never asked for."""
    name = encoding.strip().lower()
    if name in ("gzip", "x-gzip"):
        return _Zlib("gzip", limit)
    if name == "deflate":
        return _Zlib("deflate", limit)
    if name == "br":
        return _Brotli(limit)
    if name == "zstd":
        return _Zstd(limit)
    if name in _NO_ENCODING:
        return _Bounded(limit)
    raise Broken(f"the body came in an encoding nobody asked for ({name[:40]})")


class _Bounded:
    """No encoding: only the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit
        self._parts: list[bytes] = []

    @property
    def size(self) -> int:
        return self._limit - self._left

    def feed(self, chunk: bytes) -> None:
        self._keep(chunk)

    def finish(self) -> bytes:
        return b"".join(self._parts)

    def _keep(self, part: bytes) -> None:
        self._left -= len(part)
        if self._left < 0:
            self._parts.clear()
            raise TooLarge
        if part:
            self._parts.append(part)


class _Zlib(_Bounded):
    """gzip (also in several members) and deflate (with or without its zlib header)."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(limit)
        self._name = name
        self._inflate = zlib.decompressobj(_GZIP) if name == "gzip" else None
        self._begun = False

    def feed(self, chunk: bytes) -> None:
        while chunk:
            if self._inflate is None:
                self._inflate = zlib.decompressobj(
                    zlib.MAX_WBITS if _has_zlib_header(chunk) else -zlib.MAX_WBITS
                )
            if self._inflate.eof:
                if self._name != "gzip" or not chunk.startswith(_GZIP_MAGIC[: len(chunk)]):
                    return  # padding behind the end, as some servers send it
                self._inflate = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                self._keep(self._inflate.decompress(chunk, _STEP))
            except zlib.error as error:
                raise Broken(f"the {self._name} body is damaged") from error
            chunk = self._inflate.unconsumed_tail or self._inflate.unused_data

    def finish(self) -> bytes:
        if self._begun and self._inflate is not None and not self._inflate.eof:
            # What the last step held back still has to come out before the end can be judged.
            try:
                self._keep(self._inflate.flush(_STEP))
            except zlib.error as error:
                raise Broken(f"the {self._name} body is damaged") from error
            if not self._inflate.eof:
                raise Broken(f"the {self._name} body breaks off before its end")
        return super().finish()


class _Brotli(_Bounded):
    """Brotli, drained in bounded steps."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._inflate = brotli.Decompressor()
        self._begun = False

    def feed(self, chunk: bytes) -> None:
        self._begun = True
        try:
            while not self._inflate.is_finished():
                part = self._inflate.process(chunk, output_buffer_limit=_STEP)
                self._keep(part)
                chunk = b""
                if self._inflate.can_accept_more_data() and not part:
                    return
        except brotli.error as error:
            raise Broken("the br body is damaged") from error

    def finish(self) -> bytes:
        if self._begun and not self._inflate.is_finished():
            raise Broken("the br body breaks off before its end")
        return super().finish()


class _Zstd(_Bounded):
    """Zstandard, in one frame or several, drained in bounded steps."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._inflate = _zstd_frame()
        self._begun = False

    def feed(self, chunk: bytes) -> None:
        try:
            while chunk or not self._inflate.needs_input:
                if self._inflate.eof:
                    chunk = self._inflate.unused_data + chunk
                    if not chunk:
                        return
                    self._inflate = _zstd_frame()
                self._begun = True
                self._keep(self._inflate.decompress(chunk, _STEP))
                chunk = b""
        except zstd.ZstdError as error:
            raise Broken("the zstd body is damaged") from error

    def finish(self) -> bytes:
        if self._begun and not self._inflate.eof:
            raise Broken("the zstd body breaks off before its end")
        return super().finish()


def _zstd_frame() -> zstd.ZstdDecompressor:
    # A frame may ask for a window of gigabytes; RFC 9659 bounds it to 8 MB for what goes over HTTP.
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


def _has_zlib_header(chunk: bytes) -> bool:
    if chunk[0] & 0x0F != _ZLIB_METHOD:
        return False
    return len(chunk) == 1 or (chunk[0] << 8 | chunk[1]) % _ZLIB_CHECK == 0
