"""One block → Discord's markdown, with everything that came from outside made harmless. Pure.

Discord reads emphasis, headings, lists, quotes, mentions, emoji names and addresses in any text. Here a stranger's
text is always plain words: it never emphasises, pings or links. Only addresses we know of become links, and only
behind a label of ours. Rules seen in Discord's clients (escape: a backslash before any punctuation mark).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from bot.message.blocks import Block, Fields, Link, Links, Quotation, Text, Title, Tone
from bot.message.discord_limits import BLOCK_CHARS, LABEL_CHARS, URL_CHARS
from bot.message.quoting import clip
from bot.message.wording import Part, attribution, plain, shorten, utterance

_MARKUP = re.compile(r"[\\*_~`|<>\[\]]")
_COLON = re.compile(r":(?=[^\s\d])")
"""What begins an emoji's name or follows an address's scheme; not the colon of a time."""
_INVITE = re.compile(r"(?i)(discord(?:app)?)\.(?=gg|com)")
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_LINE_START = re.compile(r"^(?:([#+-])|(\d+)([.)]))")
_ENDS_LINK = re.compile(r'[\s()<>\[\]{}"\\|^`*_~]')
_UNPRINTED = "\u200b"
"""Between "@" and "everyone" it keeps the words as they look and means nobody, also where somebody quotes us."""

_SHORTEST_CUT = 400
_MOST_LINKS = 8
_PART_CHARS = 150
"""Of a name, a role, an audience so much is shown; the article has the rest."""
_ASIDE_CHARS = 300
_TITLE_CHARS = 300
_CELL_CHARS = 400
_TONES: dict[Tone, tuple[str, str]] = {
    "plain": ("", ""),
    "muted": ("-# ", ""),
    "strong": ("**", "**"),
    "warning": ("⚠️ ", ""),
}
_PARTS: dict[Part, str] = {"speaker": "**", "note": "*"}


def escape(text: str, *, line_start: bool = False) -> str:
    """Return a stranger's text as one line that Discord shows as it stands.

    ``line_start``: nothing of ours stands before it, so that "1." or "#" would begin a list or a heading.
    """
    text = _MARKUP.sub(r"\\\g<0>", plain(text))
    text = _INVITE.sub(r"\1\\.", _COLON.sub(r"\\:", text))
    text = _EVERYBODY.sub(f"@{_UNPRINTED}", text)
    if line_start:
        text = _LINE_START.sub(lambda found: _start_escaped(found[1], found[2], found[3]), text)
    return text


def _start_escaped(mark: str | None, digits: str | None, stop: str | None) -> str:
    return f"\\{mark}" if mark else f"{digits}\\{stop}"


def clipped(text: str, most: int) -> str:
    """Return a line of at most ``most`` characters, cut with ``…``: for names and labels, never for statements."""
    return clip(plain(text), most)


def address(url: str) -> str:
    """Return an http(s) address that cannot end the link it stands in; empty for what is no such address."""
    url = plain(url)
    if not url.lower().startswith(("http://", "https://")) or " " in url:
        return ""
    safe = _ENDS_LINK.sub(lambda mark: quote(mark[0], safe=""), url)
    return safe if len(safe) <= URL_CHARS else ""


def linked(label: str, url: str, most: int = LABEL_CHARS) -> str:
    """Return a label that leads to an address, or the label alone where there is none that can be shown.

    Square brackets in a label become round ones: Discord would take them for the label's end.
    """
    shown = clipped(label, most)
    target = address(url)
    if not target:
        return escape(shown)
    return f"[{escape(shown.replace('[', '(').replace(']', ')')) or '…'}]({target})"


# ── Blocks ───────────────────────────────────────────────────────────────────────────────────────────────────


def block_text(block: Block) -> str:
    """Return a block's lines; empty for what has none (actions, dividers). Never longer than ``BLOCK_CHARS``."""
    match block:
        case Title():
            return _title(block)
        case Text(text=text, tone=tone):
            before, after = _TONES[tone]
            return f"{before}{escape(text, line_start=True)}{after}" if plain(text) else ""
        case Quotation():
            return _quotation(block)
        case Links(links=links):
            return "\n".join(f"- {linked(link.label or link.url, link.url, _TITLE_CHARS)}" for link in links)
        case Fields():
            return "\n".join(_row(block.columns, row) for row in block.rows)
        case _:
            return ""


def _title(title: Title) -> str:
    """A heading with its quieter aside below; titles inside a story are articles, named in a list."""
    text = clipped(title.text, _TITLE_CHARS)
    aside = escape(clipped(title.aside, _ASIDE_CHARS))
    shown = linked(text, title.url, _TITLE_CHARS) if title.url else escape(text)
    if title.level == 3:  # noqa: PLR2004 - a part of a story
        return f"- {shown}" + (f"\n  -# {aside}" if aside else "")
    number = f"{title.number} · " if title.number else ""
    mark = "#" if title.level == 1 else "##"
    return f"{mark} {number}{shown}" + (f"\n-# {aside}" if aside else "")


def _quotation(quotation: Quotation) -> str:
    """Who said it, the words as a quote, then where they stand and what the article says about them."""
    fitting = replace(
        quotation,
        speaker=clipped(quotation.speaker, _PART_CHARS),
        role=clipped(quotation.role, _PART_CHARS),
        note=clipped(quotation.note, _PART_CHARS),
        to=clipped(quotation.to, _PART_CHARS),
        cue=clipped(quotation.cue, _PART_CHARS) if not quotation.cue_first else quotation.cue,
        when=clipped(quotation.when, _PART_CHARS),
        status=clipped(quotation.status, _TITLE_CHARS),
    )
    head = "".join(_emphasised(part, text) for part, text in attribution(fitting))
    links = _outlets(quotation.links)
    below = [f"> -# {line}" for line in (links, _status(fitting.status)) if line]
    room = BLOCK_CHARS - len(head) - sum(map(len, below)) - 8
    return "\n".join(line for line in (head, f"> {_words(fitting, room)}", *below) if line)


def _emphasised(part: Part, text: str) -> str:
    """Emphasis goes around the words alone: the comma that leads to them stays outside."""
    mark = _PARTS.get(part, "")
    bare = text.lstrip(", ·")
    before = text[: len(text) - len(bare)]
    return f"{before}{mark}{escape(bare)}{mark}"


def _words(quotation: Quotation, room: int) -> str:
    """The statement whole, or cut where ``wording`` allows it, or, when neither fits, only that there are words."""
    words = escape(utterance(quotation), line_start=True)
    if len(words) <= room:
        return words
    pieces, _ = shorten(quotation.pieces, _SHORTEST_CUT)
    words = escape(utterance(replace(quotation, pieces=pieces, cut=True)), line_start=True)
    return words if len(words) <= room else "…"


def _outlets(links: Sequence[Link]) -> str:
    shown = " · ".join(_within(links, BLOCK_CHARS // 3))
    hidden = len(links) - len(list(_within(links, BLOCK_CHARS // 3)))
    return f"{shown} · +{hidden}" if hidden and shown else shown


def _within(links: Sequence[Link], room: int) -> Iterator[str]:
    """Yield the first outlets, each with its link, as long as they fit."""
    for link in links[:_MOST_LINKS]:
        label = linked(link.label or link.url, link.url)
        room -= len(label) + 3
        if room < 0:
            return
        yield label


def _status(status: str) -> str:
    return f"⚠️ {escape(status)}" if status else ""


def _row(columns: Sequence[str], row: Sequence[str]) -> str:
    """A row: what names it in bold, the rest beside it (two columns) or below it with the columns' names."""
    cells = [escape(clipped(cell, _CELL_CHARS)) for cell in row]
    if len(cells) <= 2:  # noqa: PLR2004 - a name and what it means
        name, *rest = cells or [""]
        return " — ".join([f"**{name}**" if name else "", *rest]).strip()
    name = " · ".join(cell for cell in cells[:2] if cell)
    told = " · ".join(
        f"{escape(clipped(column, _PART_CHARS))}: {cell}"
        for column, cell in zip(columns[2:], cells[2:], strict=False)
        if cell
    )
    return f"**{name}**" + (f"\n-# {told}" if told else "")
