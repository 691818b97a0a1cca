"""What one reading found, as a Message for a person and as plain values for a program."""

from __future__ import annotations

from typing import Any

from bot.message.blocks import Block, Message, Quotation, Text, Title
from bot.message.material import CONFIDENCE_FLOOR, is_sure
from bot.message.quoting import takes_person
from bot.message.readable import uttered
from bot.model import Reading, Statement


def as_values(statement: Statement) -> dict[str, Any]:
    """A statement as JSON-ready values; spans are half-open character offsets into the given text."""
    return {
        "source": [list(span) for span in statement.source],
        "cue": [list(span) for span in statement.cue],
        "content": [list(span) for span in statement.content],
        "sentence": list(statement.sentence),
        "words": [{"text": piece.text, "quoted": piece.quoted} for piece in statement.pieces],
        "act": statement.act,
        "kind": statement.kind,
        "speaker": statement.speaker,
        "role": statement.role,
        "role_span": list(statement.role_span) if statement.role_span else None,
        "anonymous": statement.anonymous,
        "via": statement.via,
        "audience": statement.audience,
        "uttered": uttered(statement) or None,
        "relay": statement.relay,
        "status": statement.status,
        "status_text": statement.status_text,
        "status_span": list(statement.status_span) if statement.status_span else None,
        "headline": statement.headline,
        "confidence": round(statement.confidence, 3),
        "unsure": not is_sure(statement),
    }


def show(reading: Reading, statements: tuple[Statement, ...], *, name: str, length: int) -> Message:
    """List who said what in one article, each line with the offsets it came from."""
    blocks: list[Block] = [Title(name, aside=f"{len(statements)} statements, language {reading.language}")]
    if reading.unread_reason:
        blocks.append(Text(f"Not read: {reading.unread_reason}.", tone="warning"))
    if "experimental" in reading.reader:
        blocks.append(Text("An experimental reader: check each statement in the article.", tone="warning"))
    if reading.read_chars < length:
        beyond = f"Only the first {reading.read_chars:,} of {length:,} characters were read."
        blocks.append(Text(beyond, tone="warning"))
    blocks += [_quotation(statement) for statement in statements]
    unsure = sum(not is_sure(statement) for statement in statements)
    if unsure:
        kept_out = (
            f"{unsure} of them “reading uncertain”: below {CONFIDENCE_FLOOR}, so that no digest shows them."
        )
        blocks.append(Text(kept_out, tone="muted"))
    return Message(tuple(blocks))


def _quotation(statement: Statement) -> Quotation:
    places = ", ".join(f"{start}–{end}" for start, end in statement.content)
    act = "" if statement.act == "said" else f"{statement.act}; "
    audience = statement.audience or ""
    led = f"to {audience}" if audience and not takes_person(statement.cue_text) else audience
    to = " ".join(part for part in (led, statement.via) if part)
    return Quotation(
        pieces=statement.pieces,
        speaker=statement.speaker or "(no source)",
        role=statement.role or "",
        note=", ".join(_notes(statement)),
        cue=statement.cue_text,
        to=to,
        when=f"[{act}{statement.kind}, {statement.confidence:.2f}, characters {places}]",
        status=statement.status_text or "",
        unsure=not is_sure(statement),
    )


def _notes(statement: Statement) -> list[str]:
    notes = ["anonymous"] if statement.anonymous else []
    return notes if is_sure(statement) else [*notes, "reading uncertain"]
