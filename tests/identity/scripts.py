"""Forty scripted feeds: what real publishers do to their entries, each as a change of an ordinary feed.

An item knows its ``story``: the article that it truly is, whatever names it goes by in a document. It is
printed into the summary, where the tests find it again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

POLLS = 20
WINDOW = 15
START = datetime(2031, 5, 12, 12, tzinfo=UTC)
SITE = "https://wire.example"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as a document prints it."""

    story: int
    guid: str
    link: str
    title: str
    at: datetime | None
    permalink: bool = False
    note: str = ""


Change = Callable[[list[Item], int, random.Random], list[Item]]
"""(items, number of the poll, dice) → items as this poll's document shows them."""


@dataclass(frozen=True, slots=True)
class Script:
    """A feed's behaviour over all polls."""

    name: str
    change: Change
    hours: float = 1.0
    """Between two polls."""
    window: int = WINDOW
    every: int = 1
    """New stories for each poll."""
    atom: bool = False
    more: Callable[[int], int] = lambda poll: 0
    """Stories that a poll brings beside the ordinary ones."""

    def documents(self) -> list[tuple[datetime, list[Item], bytes]]:
        """Return for each poll its time, the items shown, and the document."""
        dice = random.Random(self.name)
        stories: list[Item] = [story(n, START - timedelta(hours=WINDOW - n)) for n in range(WINDOW)]
        found = []
        for poll in range(POLLS):
            now = START + timedelta(hours=self.hours * poll)
            for _ in range((self.every if poll else 0) + self.more(poll)):
                stories.append(story(len(stories), now - timedelta(minutes=5)))
            shown = stories[::-1][: self.window + self.more(poll)]
            items = self.change(shown, poll, dice)
            found.append((now, items, document(items, poll, atom=self.atom)))
        return found


def story(number: int, at: datetime) -> Item:
    """An article with names of its own."""
    words = random.Random(f"story {number}").sample(_WORDS, 4)
    title = f"Ukraine and Russia: {' '.join(words)} in talks, round {number}"
    return Item(number, f"wire-{number}", f"{SITE}/{'-'.join(words)}-{number}", title, at)


def document(items: Sequence[Item], poll: int, *, atom: bool = False) -> bytes:
    """The feed as a poll finds it."""
    made = "".join(_atom_entry(item) if atom else _rss_item(item) for item in items)
    if atom:
        head = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Example Wire</title><id>f{poll}</id>"
        return f"{head}{made}</feed>".encode()
    head = f'<rss version="2.0"><channel><title>Example Wire</title><generator>{poll}</generator>'
    return f"{head}{made}</channel></rss>".encode()


def _summary(item: Item) -> str:
    return f"Kremlin envoys spoke of the ceasefire. {item.note} [story {item.story}]"


def _rss_item(item: Item) -> str:
    parts = [f"<title>{escape(item.title)}</title>", f"<description>{_summary(item)}</description>"]
    if item.guid:
        parts.append(f'<guid isPermaLink="{str(item.permalink).lower()}">{escape(item.guid)}</guid>')
    if item.link:
        parts.append(f"<link>{escape(item.link)}</link>")
    if item.at:
        parts.append(f"<pubDate>{format_datetime(item.at)}</pubDate>")
    return f"<item>{''.join(parts)}</item>"


def _atom_entry(item: Item) -> str:
    at = f"<published>{item.at.isoformat()}</published>" if item.at else ""
    return (
        f"<entry><id>{escape(item.guid)}</id><link href='{escape(item.link)}'/><title>{escape(item.title)}</title>"
        f"{at}<summary>{_summary(item)}</summary></entry>"
    )


_WORDS = (  # noqa: SIM905 - easier to read than a list of quoted words
    "garden kettle orchard lantern ribbon harbour pencil violin meadow button ladder candle teapot saddle window "
    "barrel feather copper walnut thimble anchor blanket chimney drawer engine"
).split()


# ── What publishers do ───────────────────────────────────────────────────────────────────────────────────


def each(change: Callable[[Item, int], Item]) -> Change:
    """Change every item by itself."""
    return lambda items, poll, dice: [change(item, poll) for item in items]


def from_poll(start: int, change: Callable[[Item, int], Item]) -> Change:
    """Change every item from one poll on."""
    return each(lambda item, poll: change(item, poll) if poll >= start else item)


def both(first: Change, second: Change) -> Change:
    """Do one and then the other."""
    return lambda items, poll, dice: second(first(items, poll, dice), poll, dice)


def _plain(item: Item, _poll: int) -> Item:
    return item


def _new_guid(item: Item, _poll: int) -> Item:
    return replace(item, guid=f"second-cms:{item.story * 7919}")


def _other_scheme(item: Item, poll: int) -> Item:
    return _new_guid(item, poll) if poll % 2 else item


def _https_www(item: Item, poll: int) -> Item:
    return replace(item, link=item.link.replace("https://", "http://www." if poll % 2 else "https://"))


def _permalinks(item: Item, poll: int) -> Item:
    """The guid is the address, and the site moves to another host."""
    link = item.link.replace("wire.example", "news.example") if poll >= 8 else item.link
    return replace(item, link=link, guid=link, permalink=True)


def _numbers(item: Item, poll: int) -> Item:
    """The guid is a number at the site, the address has words in it, and both change at once."""
    host = "https://news.example" if poll >= 8 else "http://wire.example"
    words = "renamed/" if poll >= 8 else ""
    return replace(
        item, guid=f"{host}/?p={item.story}", link=f"{host}/{words}{item.story}", note=f"Edit {poll}."
    )


def _tracked(item: Item, poll: int) -> Item:
    return replace(item, link=f"{item.link}?utm_source=rss&utm_campaign={poll}#p{poll}")


def _retitled(item: Item, poll: int) -> Item:
    return replace(item, title=f"{item.title}, update {poll}")


def _reslugged(item: Item, poll: int) -> Item:
    return replace(item, link=f"{item.link}-v{poll}")


def _redated(item: Item, poll: int) -> Item:
    return replace(item, at=item.at and item.at + timedelta(minutes=50 * poll))


def _edited(item: Item, poll: int) -> Item:
    """F21: title, slug and date of one item, hourly."""
    if item.story != WINDOW - 1:
        return item
    return _redated(_reslugged(_retitled(item, poll), poll), poll)


def _slug_is_guid(item: Item, poll: int) -> Item:
    slug = f"{item.link}-v{poll // 4}"
    return replace(item, link=slug, guid=slug, permalink=True)


def _bare(item: Item, _poll: int) -> Item:
    return replace(item, guid="")


def _words_only(item: Item, _poll: int) -> Item:
    return replace(item, guid="", link="")


def _guid_comes_and_goes(item: Item, poll: int) -> Item:
    return replace(item, guid="") if poll % 2 else item


def _undated(item: Item, _poll: int) -> Item:
    return replace(item, at=None)


def _ahead(item: Item, _poll: int) -> Item:
    return replace(item, at=item.at and item.at + timedelta(days=400))


def _one_link(item: Item, _poll: int) -> Item:
    return replace(item, link=f"{SITE}/live")


def _pairs(item: Item, _poll: int) -> Item:
    return replace(item, link=f"{SITE}/gallery-{item.story // 2}")


def _front_page(item: Item, _poll: int) -> Item:
    return replace(item, link=f"{SITE}/")


def _one_title(item: Item, _poll: int) -> Item:
    return replace(item, title="Ukraine and Russia: the talks in brief")


def _dressed(item: Item, poll: int) -> Item:
    title = item.title.upper() if poll % 2 else f"  {item.title.replace(' ', '  ')} "
    return replace(item, title=title, guid=f" {item.guid} ")


def _moved(item: Item, poll: int) -> Item:
    """A new site: guids, addresses and dates begin anew, titles stay."""
    at = START + timedelta(hours=10) if item.story <= WINDOW + 9 else item.at
    return replace(item, guid=f"n{item.story}", link=f"https://new.example/{item.story}", at=at)


def _moved_undated(item: Item, poll: int) -> Item:
    return replace(_moved(item, poll), at=None)


def _shuffled(items: list[Item], _poll: int, dice: random.Random) -> list[Item]:
    return dice.sample(items, len(items))


def _some(items: list[Item], _poll: int, dice: random.Random) -> list[Item]:
    """Drop items and bring them back; the newest always comes through once."""
    return [item for item in items if item is items[0] or dice.random() < 0.7]


def _stale(items: list[Item], poll: int, _dice: random.Random) -> list[Item]:
    """Two servers, one of them a poll behind."""
    return items[1:] if poll % 2 else items


def _pages(items: list[Item], poll: int, _dice: random.Random) -> list[Item]:
    return items[:8] if poll % 2 else items[4:]


def _empty(items: list[Item], poll: int, _dice: random.Random) -> list[Item]:
    return [] if poll % 3 == 1 else items


def _twice(items: list[Item], _poll: int, _dice: random.Random) -> list[Item]:
    return [item for item in items for _ in range(2)]


def _upside_down(items: list[Item], _poll: int, _dice: random.Random) -> list[Item]:
    return items[::-1]


def _archive(items: list[Item], poll: int, _dice: random.Random) -> list[Item]:
    """One poll brings sixty entries of years ago beside the new ones."""
    if poll != 10:
        return items
    old = [story(1_000 + n, START - timedelta(days=900 + n)) for n in range(60)]
    return items + old


def _reused(items: list[Item], _poll: int, _dice: random.Random) -> list[Item]:
    """Seven guids in turn, as the days of a week, each for a new article."""
    return [replace(item, guid=f"day-{item.story % 7}") for item in items[:7]]


def _live(items: list[Item], _poll: int, _dice: random.Random) -> list[Item]:
    """One entry, one address, each day another guid and title."""
    return [replace(items[0], link=f"{SITE}/live")]


SCRIPTS: tuple[Script, ...] = (
    Script("nothing odd", each(_plain)),
    Script("nothing odd, Atom", each(_plain), atom=True),
    Script("all guids change", from_poll(10, _new_guid)),
    Script("all guids change, Atom", from_poll(10, _new_guid), atom=True),
    Script("all guids change, undated", both(each(_undated), from_poll(10, _new_guid))),
    Script("two guid schemes in turn", each(_other_scheme)),
    Script("https and www come and go", each(_https_www)),
    Script("guid, https and www change", both(each(_https_www), from_poll(10, _new_guid))),
    Script("guids are addresses and the host changes", each(_permalinks)),
    Script("numbered guids, host and words change", each(_numbers)),
    Script("tracking parameters", each(_tracked)),
    Script("tracking parameters and new guids", both(each(_tracked), from_poll(10, _new_guid))),
    Script("titles edited hourly", each(_retitled)),
    Script("slugs edited hourly", each(_reslugged)),
    Script("dates edited hourly", each(_redated)),
    Script("title, slug and date of one item edited hourly", each(_edited)),
    Script("the slug is the guid and is edited", each(_slug_is_guid)),
    Script("a server one poll behind", _stale),
    Script("a server one poll behind with other guids", both(_stale, each(_other_scheme))),
    Script("any order", _shuffled),
    Script("oldest first", _upside_down),
    Script("dropped and brought back", _some),
    Script("dropped, shuffled, tracked", both(both(_some, _shuffled), each(_tracked))),
    Script("one link for all", each(_one_link)),
    Script("one link for all, without guids", both(each(_bare), each(_one_link))),
    Script("one link for two", each(_pairs)),
    Script("the front page for a link", both(each(_bare), each(_front_page))),
    Script("one title for all", each(_one_title)),
    Script("one title for all, new guids", both(each(_one_title), from_poll(10, _new_guid))),
    Script("no guids", each(_bare)),
    Script("no guids, tracking parameters", both(each(_bare), each(_tracked))),
    Script("no guids, no links", each(_words_only)),
    Script("guids come and go", each(_guid_comes_and_goes)),
    Script("spaces and capitals", each(_dressed)),
    Script("pages in turn", _pages, every=2),
    Script("dates ahead", each(_ahead)),
    Script("no dates, empty at times, everything twice", both(both(each(_undated), _empty), _twice)),
    Script("five hundred at once", each(_plain), more=lambda poll: 500 if poll == 10 else 0),
    Script("the archive comes by", _archive),
    Script("a new site", from_poll(10, _moved)),
    Script("a new site without dates", from_poll(10, _moved_undated)),
    Script("guids used again", _reused, hours=26),
    Script("one title every day, alone", each(_one_title), hours=24, window=1),
    Script("one live page", _live, hours=26),
)
