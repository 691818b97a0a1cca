"""Found spans and what they mean → a Statement: one way for every language's reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from bot.language import quotes
from bot.language.provenance import Way
from bot.model import Act, Span, Spans, Statement, Status

_OWNED = re.compile(r"['’]s$")
"""A source in front of a noun: "Russia's claim"."""


class Who(Protocol):
    """Whose words they are, as a language's reader resolved it."""

    @property
    def speaker(self) -> str:
        """Empty where nobody is named."""

    @property
    def role(self) -> str | None:
        """As printed in the article."""

    @property
    def role_span(self) -> Span | None:
        """Where the role is printed."""

    @property
    def anonymous(self) -> bool:
        """Whether the source has no name."""


@dataclass(frozen=True, slots=True)
class Found:
    """The spans of one utterance, and whether it was said."""

    source: Span | None
    cue: Spans
    content: Spans
    sentence: Span
    act: Act = "said"


def statement(
    text: str,
    found: Found,
    quoted: Spans,
    *,
    body_at: int,
    who: Who,
    way: Way,
    relay: str | None,
    verdict: tuple[Status, Span | None],
) -> Statement:
    """Return the statement that was found in ``text``, with the printed words of every span.

    ``quoted`` are the text's quotations, ``text[:body_at]`` is its headline. The confidence is left to the reader
    that knows how surely it found all this.
    """
    source: Spans = (found.source,) if found.source else ()
    pieces = quotes.pieces(text, found.content, quoted, (*source, *found.cue))
    status, status_span = verdict
    return Statement(
        source=source,
        cue=found.cue,
        content=found.content,
        sentence=found.sentence,
        pieces=pieces,
        kind=quotes.kind_of(pieces),
        source_text=printed(text, source),
        cue_text=printed(text, found.cue),
        sentence_text=printed(text, (found.sentence,)),
        speaker=_OWNED.sub("", who.speaker),
        role=who.role,
        role_span=who.role_span,
        act=found.act,
        anonymous=who.anonymous,
        via=way.via,
        audience=way.audience,
        relay=relay,
        status=status,
        status_text=printed(text, (status_span,)) if status_span else None,
        status_span=status_span,
        headline=found.content[0][0] < body_at,
    )


def printed(text: str, spans: Spans) -> str:
    """Return the words of some spans as one line."""
    return " ".join(" ".join(text[start:end].split()) for start, end in spans)
