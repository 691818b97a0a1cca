"""What the bot says when something has failed: to an owner, above a late digest, and in place of a refused one. Pure.

Every notice says what happened and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.knowledge.words import Words
from bot.message.blocks import Actions, Block, Divider, Fields, Links, Message, Quotation, Text, Title
from bot.message.wording import attribution, plain, utterance

REDUCED_CHARS = 1_800
"""Of a message reduced to plain text so much is kept: less than any chat's limit for text alone."""
_LONGEST_REASON = 300
_CUT = "…"


def channel_lost(name: str, channel_id: str, reason: str, orders: int, words: Words) -> Message:
    """Tell that a channel takes no more messages, and how to go on."""
    return Message(
        (
            Text(
                words("notice.channel_lost", name=plain(name), reason=_short(reason), orders=orders),
                tone="warning",
            ),
            Text(words("notice.channel_lost_next", command=f"onrecord outbox retry {channel_id}")),
        )
    )


def given_up(delivery_id: int, name: str, reason: str, words: Words) -> Message:
    """Tell that a message was given up, why, and how to have it sent again."""
    return Message(
        (
            Text(words("notice.given_up", name=plain(name), reason=_short(reason)), tone="warning"),
            Text(words("notice.given_up_next", command=f"onrecord outbox retry {delivery_id}")),
        )
    )


def feed_in_trouble(title: str, url: str, cause: str, next_step: str, words: Words) -> Message:
    """Tell that a feed does not work, since when it is known, and what to do about it."""
    return Message(
        (
            Text(
                words("notice.feed", title=plain(title), url=plain(url), cause=_short(cause)), tone="warning"
            ),
            Text(words("notice.feed_next", next=_short(next_step))),
        )
    )


def catch_up(message: Message, digests: int, since: str, words: Words) -> Message:
    """Return a digest that says it stands for earlier ones too, right below its title."""
    said = Text(words("notice.catch_up", digests=digests, since=since), tone="muted")
    at = 1 if message.blocks and isinstance(message.blocks[0], Title) else 0
    return Message((*message.blocks[:at], said, *message.blocks[at:]), version=message.version)


def line(message: Message) -> str:
    """Return a message as one line, for a log."""
    return " ".join(text for block in message.blocks for text in _lines(block))


def reduced(message: Message) -> Message:
    """Return a message as plain paragraphs, at most ``REDUCED_CHARS``: no table, no heading, no address list.

    Its statements stay whole: what does not fit is left out from the end, and said to be.
    """
    kept: list[str] = []
    room = REDUCED_CHARS
    for text in (text for block in message.blocks for text in _lines(block)):
        if len(text) + 1 > room - len(_CUT):
            kept.append(_CUT)
            break
        kept.append(text)
        room -= len(text) + 1
    return Message(tuple(Text(text) for text in kept))


def _lines(block: Block) -> Iterator[str]:
    """A block's words, line by line."""
    match block:
        case Title(text=text, aside=aside, number=number):
            yield " · ".join(
                part for part in (f"{number}. {plain(text)}" if number else plain(text), plain(aside)) if part
            )
        case Text(text=text):
            yield plain(text)
        case Quotation():
            who = "".join(text for _, text in attribution(block))
            said = " ".join(
                part
                for part in (
                    f"{who}:" if who else "",
                    utterance(block),
                    f"({', '.join(plain(link.label) for link in block.links)})" if block.links else "",
                    f"⚠ {plain(block.status)}" if block.status else "",
                )
                if part
            )
            yield said
        case Links(links=links):
            yield from (plain(f"{link.label} {link.url}") for link in links)
        case Fields(rows=rows):
            yield from (plain(" · ".join(cell for cell in row if cell)) for row in rows)
        case Actions() | Divider():
            return


def _short(text: str) -> str:
    text = plain(text)
    return text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON] + _CUT
