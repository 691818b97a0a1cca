"""Bytes → text without mojibake (docs/feed-rules.md P29). Pure.

Order: byte order mark; UTF-8 wherever the bytes are valid UTF-8, whatever the labels say; the HTTP charset; the
document's own label; UTF-8 with stray Windows bytes; detection.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_OWN_LABEL = re.compile(
    rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})|<meta[^>]{1,300}?charset\s*=\s*[\"']?([\w.:-]{1,40})",
    re.IGNORECASE,
)
_LABEL_WITHIN = 4_096
_SAMPLE = 20_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The web's reading of these labels (WHATWG Encoding): a superset that names the printable characters.
_WEB_NAMES = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_SEVEN_BIT = ("iso2022", "hz", "utf-16", "utf-32")
_STRAY_SHARE = 0.1
_ASCII_END = 0x7F
_FOREIGN = re.compile(rb"[\x80-\xff]+")
_WESTERN_RUN = 2
_ODD_IN_WORD = re.compile(
    r"[a-z][\u00a1-\u00aa\u00ac\u00ae-\u00b6\u00b8-\u00ba\u00bc-\u00bf\u00d7\u00f7\ufffd]"
)


def decode(body: bytes, content_type: str = "") -> str:
    """Decode a document's bytes; never raises, and marks what cannot be read with U+FFFD."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, "replace").lstrip("\ufeff")
    labels = _labels(body, content_type)
    wide = next((name for name in labels if name.startswith(_SEVEN_BIT)), None) or _unmarked_utf16(body)
    if wide and not (wide.startswith("utf") and b"\0" not in body[:200]):
        return body.decode(wide, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for name in labels:
        if name != "utf-8":
            return body.decode(name, "replace")
    return _mostly_utf8(body) or body.decode(_guess(body), "replace")


def _labels(body: bytes, content_type: str) -> list[str]:
    """Python's names of the encodings that HTTP and the document claim, known ones only."""
    claimed = [match[1] for match in [_HTTP_CHARSET.search(content_type)] if match]
    own = _OWN_LABEL.search(body[:_LABEL_WITHIN])
    if own:
        claimed.append((own[1] or own[2]).decode("ascii", "ignore"))
    names = []
    for label in claimed:
        try:
            name = codecs.lookup(label).name
            b"<".decode(name, "replace")  # "hex", "zip" and other names of codecs that are no charsets
        except (LookupError, ValueError, AssertionError):
            continue
        names.append(_WEB_NAMES.get(name, name))
    return names


def _unmarked_utf16(body: bytes) -> str | None:
    return {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(body[:2])


def _mostly_utf8(body: bytes) -> str | None:
    """UTF-8 into which a few Windows characters were pasted: both are read for what they are."""
    text = body.decode("utf-8", "surrogateescape")
    stray = sum("\udc80" <= c <= "\udcff" for c in text)
    wide = sum(ord(c) > _ASCII_END for c in text) - stray
    if stray > _STRAY_SHARE * wide:
        return None
    strays = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
    return text.translate(strays)


def _guess(body: bytes) -> str:
    """Detection, on a sample that begins near the first foreign byte.

    Detectors take short Western texts for Chinese or Polish, so Windows-1252 is asked first: its foreign bytes
    stand alone among ASCII letters and are letters themselves.
    """
    at = next((i for i, byte in enumerate(body) if byte > _ASCII_END), 0)
    sample = body[max(at - 1_000, 0) : at + _SAMPLE]
    foreign = sum(len(run) for run in _FOREIGN.findall(sample))
    in_runs = sum(len(run) for run in _FOREIGN.findall(sample) if len(run) > _WESTERN_RUN)
    odd = len(_ODD_IN_WORD.findall(sample.decode("cp1252", "replace")))
    if in_runs + odd <= _STRAY_SHARE * foreign:
        return "cp1252"
    best = from_bytes(sample, steps=5, chunk_size=512).best()
    name = best.encoding if best is not None else "cp1252"
    return "cp1252" if name in ("ascii", "utf_8", "latin_1") else name
