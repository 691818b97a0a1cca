"""Outside text → plain, bounded, normalised text. Pure; the one door through which a stranger's words come in.

Rules: docs/feed-rules.md, "Safety". What is shown later is still escaped for its platform; here only what no
reader should ever see goes away: markup, control and bidirectional characters, invisible characters.
"""

from __future__ import annotations

import html as entities
import re
import unicodedata
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import nh3
from lxml import etree

MAX_TITLE = 500
MAX_SUMMARY = 5_000
MAX_TEXT = 200_000
MAX_AUTHOR = 200
MAX_LINK = 2_000

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f"  # C0 without the ones that count as white space
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_C1 = re.compile("[\x80-\x9f]")
# A joiner is kept where it joins: inside an emoji, or between letters of scripts that are written with it.
_JOINED = "\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff"
_SCRIPTS = "\u0600-\u08ff\u0900-\u0dff\u0e80-\u109f\u1780-\u18af"
_STRAY_JOINER = re.compile(
    f"(?<![{_JOINED}{_SCRIPTS}\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINED}{_SCRIPTS}\u200c\u200d])"
)
_COMBINING = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_COMBINING_RUN = re.compile(f"([{_COMBINING}]{{4}})[{_COMBINING}]+")
# What ``str.isprintable`` lets pass and ``tidy`` must still look at.
_RARE = re.compile(
    f"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff{_COMBINING}]"
)
_DROPPED = bytes({*range(0x09), *range(0x0E, 0x1C), 0x7F})
"""The ASCII part of ``_INVISIBLE``: dropping bytes is ten times faster than a search."""
_CONTROL = re.compile("[\x00-\x1f\x7f]")
# Joining would leave these as they are, and is slow.
_ABSOLUTE = re.compile(r"https?://[^?#]*(?:\?[^#]+)?(?:#.+)?")
_MARKUP = re.compile(r"<[a-zA-Z/!?]")
_BLOCK_TAG = re.compile(
    r"(?=</?(?:p|div|br|li|ul|ol|tr|td|th|h[1-6]|blockquote|section|article|hr|pre|dd|dt)\b)", re.IGNORECASE
)
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_APPEARED_FIRST = re.compile(r"^The post .{1,400} (?:appeared first|first appeared) on .{1,200}$", re.DOTALL)

# HTML's names and, where they differ, those of the tree that trafilatura makes of a page.
_LEFT_OUT = frozenset(
    """h1 h2 h3 h4 h5 h6 figure figcaption caption script style noscript template iframe object embed svg math nav
    aside footer form button select textarea input audio video canvas head title menu dialog graphic""".split()  # noqa: SIM905 - a table of words
)
_BLOCKS = _LEFT_OUT - {"input", "button", "math"} | frozenset(
    """p div ul ol li dl dt dd table tbody thead tfoot tr td th blockquote pre section article main header hr
    address center details summary body html list item quote row cell""".split()  # noqa: SIM905 - a table of words
)
_LINE_BREAKS = ("br", "lb")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*")
_CAPTION_CLASS = re.compile(r"(?:^|[\s_-])(?:caption|credit)(?:$|[\s_-])", re.IGNORECASE)
_LINKED_SHARE = 0.8
_HTML = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)


def plain(text: str, limit: int) -> str:
    """Turn outside text, HTML or not, into one plain line of at most ``limit`` characters.

    Tags go (a block tag leaves a space), character references are resolved once, white space collapses, and a
    longer text is cut at a word's end with ``…``.
    """
    text = _visible(text[: 20 * limit + 10_000])
    if _MARKUP.search(text):
        text = nh3.clean(_BLOCK_TAG.sub(" ", text), tags=set())
    return cut(tidy(entities.unescape(text)), limit)


def paragraphs(html: str, limit: int) -> str:
    """Turn HTML content into paragraphs separated by blank lines, at most ``limit`` characters together.

    Headings, captions, scripts, forms and paragraphs that are nearly all link are left out; ``<br><br>``
    separates. Text without markup is split at its blank lines.
    """
    html = _visible(html[: 40 * limit + 10_000])
    if _MARKUP.search(html):
        root = etree.fromstring(f"<div>{html}</div>".encode(), _HTML)
        return tree_paragraphs(root, limit) if root is not None else ""
    return _joined([tidy(part) for part in _BLANK_LINE.split(entities.unescape(html))], limit)


def tree_paragraphs(root: Any, limit: int) -> str:  # noqa: ANN401 - lxml comes without types
    """Do the same for a parsed tree, be it HTML's or trafilatura's."""
    return _joined(_blocks(root), limit)


def tidy(text: str) -> str:
    """Normalise text that is already free of markup: NFC, nothing invisible, single spaces."""
    even = " ".join(text.split())
    if even.isprintable():
        if text.isascii():
            return even
        # U+0085 is white space to ``split``, and an ellipsis to whoever wrote ``&#133;``.
        if "\x85" not in text and not _RARE.search(even):
            return unicodedata.normalize("NFC", even)
    text = _visible(text)
    if not text.isascii():
        text = _C1.sub(_from_windows, text)
        text = _STRAY_JOINER.sub("", text)
        text = _COMBINING_RUN.sub(r"\1", unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def cut(text: str, limit: int) -> str:
    """Shorten to at most ``limit`` characters, at a word's end where there is one, marked with ``…``."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    end = max(head.rfind(" "), head.rfind("\n")) if not text[len(head)].isspace() else len(head)
    head = head[:end] if end > limit // 2 else head
    return (head.rstrip().rstrip("\u200c\u200d") + "…")[: max(limit, 0)]


def web_address(link: str, base: str = "") -> str:
    """Return an absolute http(s) address for a link found in a document at ``base``, or an empty string.

    Links with credentials, control characters, other schemes or more than 2,000 characters are no addresses.
    """
    link = link.strip()
    if not link or len(link) > MAX_LINK or _CONTROL.search(link):
        return ""
    try:
        whole = link if _ABSOLUTE.fullmatch(link) else urljoin(base, link)
        parts = urlsplit(whole)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or "\\" in parts.netloc:
        return ""
    if _INVISIBLE.search(whole):
        return ""
    # Only what may not stand in an address is quoted; what the publisher escaped stays as it is.
    return quote(whole, safe="!#$%&'()*+,/:;=?@[]~-._") if not whole.isascii() or " " in whole else whole


def language_code(value: object) -> str:
    """Return a language tag in lower case (``en-gb``), or an empty string for what is none."""
    code = value.strip().lower().replace("_", "-") if isinstance(value, str) else ""
    return code if _LANGUAGE.fullmatch(code) else ""


def _joined(parts: list[str], limit: int) -> str:
    return cut("\n\n".join(part for part in parts if part and not _APPEARED_FIRST.match(part)), limit)


def _visible(text: str) -> str:
    """Without the characters that no reader should ever see."""
    if text.isascii():
        return text.encode("ascii").translate(None, _DROPPED).decode("ascii")
    return _INVISIBLE.sub("", text)


def _from_windows(match: re.Match[str]) -> str:
    """``&#146;`` names a C1 control but means the Windows character, as every browser reads it."""
    return match[0].encode("latin-1").decode("cp1252", "ignore")


def _blocks(root: Any) -> list[str]:  # noqa: ANN401 - the same
    """Walk the tree once; an explicit walk, because nesting depth is the stranger's choice."""
    found: list[str] = []
    block = _Block(found)
    walk = etree.iterwalk(root, events=("start", "end"))
    in_link = 0
    for event, node in walk:
        tag = node.tag
        if event == "start":
            if tag in _BLOCKS:
                block.close()
            if tag in _LEFT_OUT or ((kind := node.get("class")) and _CAPTION_CLASS.search(kind)):
                walk.skip_subtree()
                continue
            if tag in _LINE_BREAKS:
                block.line_break()
            in_link += tag == "a"
            block.add(node.text, linked=in_link > 0)
        else:
            in_link = max(in_link - (tag == "a"), 0)
            if tag in _BLOCKS:
                block.close()
            block.add(node.tail, linked=in_link > 0)
    block.close()
    return found


class _Block:
    """The paragraph under way: its text so far, how much of it is link, and pending line breaks."""

    def __init__(self, found: list[str]) -> None:
        self._found = found
        self._pieces: list[str] = []
        self._linked = 0
        self._broken = False

    def add(self, text: str | None, *, linked: bool) -> None:
        if not text:
            return
        self._pieces.append(text)
        if not text.isspace():
            self._broken = False
            self._linked += len(text) if linked else 0

    def line_break(self) -> None:
        if self._broken:
            self.close()
        else:
            self._pieces.append(" ")
            self._broken = True

    def close(self) -> None:
        self._broken = False
        if not self._pieces:
            return
        text = tidy("".join(self._pieces))
        if text and self._linked < _LINKED_SHARE * len(text):
            self._found.append(text)
        self._pieces.clear()
        self._linked = 0
