"""A statement as one readable line: the article's few words between cue and content, and between two parts. Pure.

"Thanked the mediators … the list was ready" becomes "thanked the mediators and said the list was ready" where the
sentence shows what stands between. Nothing but printed words is put back, and none between two quotations.
"""

from __future__ import annotations

import re

from bot.message.wording import leads, plain
from bot.model import Piece, Statement

_GAP = "…"
_LONGEST = 60
"""Characters put back between two parts, or between the cue and the first one."""
_NEAR = 40
"""Characters by which the end or beginning of a part is found in its sentence."""
_MARKS = str.maketrans("", "", '“”„‟«»"')
_WORD = re.compile(r"\w")
_DAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?: (?:morning|afternoon|evening|night))?|yesterday|today)\b"
_WHEN_BEHIND = re.compile(
    rf"(?: [\w’'-]+){{0,4}}? (?P<when>(?:(?:late |early )?on |late |early |last )?{_DAY})"
)
_WHEN_BEFORE = re.compile(rf"(?P<when>(?:(?:Late |Early )?[Oo]n |Late |Early ){_DAY}),")
_ENDS = re.compile(r"[.!?;:\n]")
_AND = re.compile(r"\b(?:and|but|while|і|та|й|и|але|но)\s(?:\w+\s)?$")


def in_full(said: Statement, *, reads_on: bool) -> tuple[str, tuple[Piece, ...]]:
    """Return the cue and the pieces, later cues and few left-out words in their places.

    ``reads_on``: the cue stands before the words and is shown with them. Where the sentence does not show clearly
    what stands between, all stays as it is.
    """
    cues = _cues(said)
    pieces: list[Piece] = []
    for piece in said.pieces:
        before = pieces[-1] if pieces else None
        if before is not None and before.text == _GAP and len(pieces) > 1:
            between, cues = _joint(said, cues, pieces[-2], piece)
            pieces[-1] = Piece(between, quoted=False) if between else before
        elif before is not None and not (before.quoted or piece.quoted or piece.text == _GAP):
            between, cues = _joint(said, cues, before, piece)
            pieces += [Piece(between, quoted=False)] if between else []
        pieces.append(piece)
    cue = " ".join(cues)
    if reads_on and len(cues) == 1 and pieces and not pieces[0].quoted and not leads(f"{cue} to"):
        linking = _between(said.sentence_text, cue, pieces[0].text)
        source = said.source_text.rpartition(" ")[2]
        if _WORD.search(linking) and _may_stand(linking) and not (source and source in linking):
            cue = plain(f"{cue}{linking}")
    return cue, tuple(pieces)


def uttered(said: Statement) -> str:
    """When it was said as the sentence prints it beside the cue ("on Tuesday evening"); empty where it does not."""
    for cue in _cues(said):
        for found in re.finditer(rf"\b{re.escape(cue)}\b", said.sentence_text):
            behind = _WHEN_BEHIND.match(said.sentence_text, found.end())
            if behind:
                return behind["when"]
    before = _WHEN_BEFORE.match(said.sentence_text)
    inside = before and any(before.group().rstrip(",") in piece.text for piece in said.pieces)
    return before["when"][0].lower() + before["when"][1:] if before and not inside else ""


def _may_stand(words: str) -> bool:
    """Whether left-out words can be put back: one clause, and nothing in quotation marks."""
    return bool(words) and words.translate(_MARKS) == words and not _ENDS.search(words)


def _joint(said: Statement, cues: list[str], before: Piece, behind: Piece) -> tuple[str, list[str]]:
    """Return the words to put between two parts, empty for none, and the cues that are left to show."""
    between = _between(said.sentence_text, before.text, behind.text)
    at, cue = max(((between.rfind(f" {cue}"), cue) for cue in cues[1:]), default=(-1, ""))
    left = [one for number, one in enumerate(cues) if not number or one != cue] if at >= 0 else cues
    if not (before.quoted or behind.quoted) and _may_stand(between):
        return plain(between), left
    if at < 0:
        return "", cues
    led = _AND.search(between[: at + 1])
    words = plain((led.group() if led else "") + between[at:].translate(_MARKS))
    return words.strip(" ,;:–—-"), left


def _cues(said: Statement) -> list[str]:
    """The cues one by one, where their printed words can be told apart."""
    parts, at = [], 0
    for start, end in said.cue:
        parts.append(said.cue_text[at : at + end - start])
        at += end - start + 1
    return parts if " ".join(parts) == said.cue_text else [said.cue_text]


def _between(sentence: str, before: str, behind: str) -> str:
    """The words between two parts in their sentence; empty where they are not found near each other."""
    at = sentence.find(before[-_NEAR:])
    start = at + len(before[-_NEAR:])
    end = sentence.find(behind[:_NEAR], start) if at >= 0 else -1
    return sentence[start:end] if 0 <= end - start <= _LONGEST else ""
