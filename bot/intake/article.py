"""HTML page → article text: title, paragraphs, author, date, language. Pure; meant to run in a killable process.

trafilatura finds the article on the page: its fast mode reads 81 pages a second at F1 0.962, its precise mode
54 at 0.964 (181 pages), so the precise one is asked only about pages that look odd.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from trafilatura import bare_extraction, load_html

from bot.intake.charset import decode
from bot.intake.clean import MAX_AUTHOR, MAX_TEXT, MAX_TITLE, cut, language_code, plain, tidy, tree_paragraphs
from bot.model import PageText

# Both report what they give up on in log lines of their own; here that is an exception's job.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())
logging.getLogger("htmldate").addHandler(logging.NullHandler())

MAX_BYTES = 10_000_000

_ODD_BELOW = 700
_ARTICLE_LEAST = 200
_SURELY_ARTICLE = 600
_WALL_WITHIN = 6_000
_EARLIEST_YEAR = 1990
_OPEN_IN_BROWSER = "open the page in a browser"
_WALLS = (
    (
        re.compile(
            r"verify (?:that )?you(?:'|’)?(?: a)?re (?:a )?human|are you a robot|not a robot|captcha|unusual traffic"
            r"|checking your browser|just a moment\.\.\.|attention required|access denied|request (?:was )?blocked",
            re.IGNORECASE,
        ),
        "the page shows a robot check instead of the article",
        "read it in a browser; we do not pretend to be one",
    ),
    (
        re.compile(
            r"(?:enable|turn on|requires?|need|activate) javascript"
            r"|javascript (?:is |to be )?(?:disabled|required|enabled)",
            re.IGNORECASE,
        ),
        "the page shows its text only to browsers that run JavaScript",
        _OPEN_IN_BROWSER,
    ),
    (
        re.compile(
            r"subscribe (?:now )?to (?:continue|read|unlock|keep)|already a subscriber|(?:for )?subscribers? only"
            r"|to (?:continue|keep) reading|(?:log|sign) ?in to (?:read|continue)|register to (?:read|continue)"
            r"|unlock this article",
            re.IGNORECASE,
        ),
        "the article is behind a paywall or a login",
        "read it with a subscription of your own; title and summary are used here",
    ),
    (
        re.compile(
            r"accept (?:all )?cookies|we (?:and our (?:\d+ )?partners )?(?:use|store) cookies|before you continue"
            r"|cookie (?:consent|settings|preferences)|manage (?:your )?(?:consent|privacy)|privacy choices",
            re.IGNORECASE,
        ),
        "the page asks for consent to cookies before it shows the article",
        _OPEN_IN_BROWSER,
    ),
)
_DATE_META = (
    "article:published_time",
    "og:article:published_time",
    "datePublished",
    "parsely-pub-date",
    "DC.date.issued",
    "dcterms.created",
    "date",
    "pubdate",
)
# Somebody else's words, shown beside the article's own.
_EMBEDDED = [
    f"//blockquote[contains(@class, '{name}-')]"
    for name in ("twitter", "instagram", "tiktok", "bluesky", "reddit")
]
_ASIDE = re.compile(
    r"(?:(?:read|see|watch) (?:more|also|next|now)|also read|related|recommended|advertisement|comments|sign up"
    r"|à lire aussi|lire aussi|passer la publicité|lesen sie auch|mehr zum thema|czytaj (?:więcej|też|także|również)"
    r"|читайте (?:також|также)|читать далее|lee también|leggi anche)\b.{0,120}",
    re.IGNORECASE,
)
_SENTENCE_END = (".", "!", "?", "”", "»", '"')
_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')
_NO_PAGE = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"PK\x03\x04": "an archive",
}


def extract(body: bytes, *, url: str, content_type: str = "") -> PageText:
    """Read the article on an HTML page.

    The text's paragraphs are separated by blank lines and printed as they are, quotation marks included; headings
    and captions are left out. Raise ``ValueError`` ("cause; next step") when the page shows no article.
    """
    kind = next((name for magic, name in _NO_PAGE.items() if body.startswith(magic)), "")
    if kind:
        raise ValueError(f"this is {kind}, not a page of text; {_OPEN_IN_BROWSER}")
    if not body.strip():
        raise ValueError("the page is empty; it is tried again later, and check the address if it stays so")
    tree = load_html(decode(body[:MAX_BYTES], content_type).replace("\0", ""))
    if tree is None:
        raise ValueError(f"this is no web page (HTML); {_OPEN_IN_BROWSER}")
    found = _find(tree, url)
    title = _title(tree, found)
    text = _without_title(_text(found), title)
    if len(text) < _SURELY_ARTICLE:
        _refuse_walls(text, tree)
    return PageText(
        title=title,
        text=text,
        language=language_code(tree.get("lang")),
        author=plain((found.author or "").replace("; ", ", "), MAX_AUTHOR) if found is not None else "",
        published_at=_published_at(tree),
    )


def _find(tree: Any, url: str) -> Any:  # noqa: ANN401 - trafilatura and lxml come without types
    """Trafilatura's document; from its precise mode when the fast one finds suspiciously little."""
    found = _trafilatura(tree, url, fast=True)
    if len(_text(found)) >= _ODD_BELOW:
        return found
    precise = _trafilatura(tree, url, fast=False)
    return precise if len(_text(precise)) > len(_text(found)) else found


def _trafilatura(tree: Any, url: str, *, fast: bool) -> Any:  # noqa: ANN401 - the same
    # Given a tree, it works on a copy of its own.
    return bare_extraction(
        tree,
        url=url,
        fast=fast,
        include_comments=False,
        include_tables=False,
        with_metadata=True,
        prune_xpath=_EMBEDDED,
    )


def _text(found: Any) -> str:  # noqa: ANN401 - the same
    """The article's paragraphs without the pointers to other articles between them."""
    if found is None or found.body is None:
        return ""
    parts = tree_paragraphs(found.body, MAX_TEXT).split("\n\n")
    return "\n\n".join(
        part for part in parts if not (_ASIDE.fullmatch(part) and not part.endswith(_SENTENCE_END))
    )


def _title(tree: Any, found: Any) -> str:  # noqa: ANN401 - the same
    """The page's title; its headline alone where the title wraps the site's name around it."""
    title = plain(found.title or "", MAX_TITLE) if found is not None else ""
    headline = cut(tidy(tree.xpath("string((//h1)[1])")), MAX_TITLE)
    return headline if headline and (not title or headline in title) else title


def _without_title(text: str, title: str) -> str:
    first, _, rest = text.partition("\n\n")
    return rest if title and first == title else text


def _refuse_walls(text: str, tree: Any) -> None:  # noqa: ANN401 - the same
    """Raise ``ValueError`` for a text too short to be an article, and say what stands there instead."""
    short = len(text) < _ARTICLE_LEAST
    shown = text if not short else cut(_visible(tree), _WALL_WITHIN)
    for words, cause, next_step in _WALLS:
        if words.search(shown):
            raise ValueError(f"{cause}; {next_step}")
    if short:
        raise ValueError(f"no article text is found on the page; {_OPEN_IN_BROWSER}")


def _visible(tree: Any) -> str:  # noqa: ANN401 - the same
    return tidy(" ".join(tree.xpath("//text()[not(ancestor::script or ancestor::style)]")))


def _published_at(tree: Any) -> datetime | None:  # noqa: ANN401 - the same
    """When the page says, in so many words, that it was published; a guessed date would be worse than none."""
    return next((date for date in map(_instant, _printed_dates(tree)) if date is not None), None)


def _printed_dates(tree: Any) -> Iterator[str]:  # noqa: ANN401 - the same
    for script in tree.xpath("//script[@type='application/ld+json']")[:20]:
        yield from _JSON_DATE.findall(script.text or "")
    metas = {
        (meta.get("property") or meta.get("name") or meta.get("itemprop") or ""): meta.get("content") or ""
        for meta in tree.xpath("//meta[@content]")
    }
    yield from (metas[name] for name in _DATE_META if name in metas)
    yield from tree.xpath("//*[@itemprop='datePublished']/@datetime | //article//time[1]/@datetime")


def _instant(text: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if date.year < _EARLIEST_YEAR or len(text.strip()) <= len("2000-01-01"):
        return None  # a day alone is no instant
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
