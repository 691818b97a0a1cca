"""Headlines that say who says what with a colon alone: "Example: the talks have failed"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.language.contents import touch
from bot.language.linking import Utterance
from bot.language.people import People, clean_name
from bot.language.pipelines import text_of
from bot.language.provenance import is_outlet
from bot.language.quotes import WORD, paragraphs, trim
from bot.language.roles import BODIES, is_office
from bot.language.spans import words_of
from bot.model import Span

if TYPE_CHECKING:
    from spacy.tokens import Doc

_COLON = re.compile(r"\s*(?P<who>[“\"]?[^\W\d_][^:\n]{1,60}?):\s+(?P<what>\S[^\n]*)")
_LONGEST_WHO, _LONGEST_LINE, _SHORTEST_SAID = 5, 26, 3
"""Words."""
_NOBODY = re.compile(
    r"\b(?:read|see|also|more|watch|video|photos?|live|update|analysis|opinion|explained|explainer|breaking|exclusive|"
    r"war|crisis|latest|news|related|topics?|tags?|source|subscribe|click|follow|fact.?check|editorial|podcast|map|correction|headlines?|authors?|editors?|translat\w+)\b",
    re.IGNORECASE,
)
_SPEECH = re.compile(r"[“\"'‘]|(?:.*\b)?(?:I|[Ww]e|[Oo]ur|us|my)\b")
_CAPITALS_THAT_SPEAK = frozenset(
    (
        "moscow",
        "kyiv",
        "kiev",
        "kremlin",
        "washington",
        "beijing",
        "brussels",
        "berlin",
        "london",
        "paris",
        "minsk",
    )
)


def headlines_of(doc: Doc, found: Iterable[Utterance], people: People) -> list[Utterance]:
    """Return the statements of lines like "Example: …" that no utterance covers yet.

    Only lines as short as a headline count, and only persons, offices, bodies and outlets speak: "Ukraine: five
    dead" names a place.
    """
    text = text_of(doc)
    taken = [span for said in found for span in said.spans]
    out = []
    for start, end in paragraphs(text):
        line = _COLON.fullmatch(text, *trim(text, (start, end)))
        if line is None or touch(line.span(), taken) or len(WORD.findall(text, start, end)) > _LONGEST_LINE:
            continue
        said = trim(text, line.span("what"), " ,;:–—-")
        source = trim(text, line.span("who"), '“”"«» ')
        several = len(WORD.findall(text, *said)) >= _SHORTEST_SAID
        if not several or text[said[0] : said[1] - 1].count(". ") or not _speaks(doc, source, said, people):
            continue
        words = words_of(doc, source)
        out.append(Utterance(words.root, source, (), [said], headed=True))
    return out


def _speaks(doc: Doc, source: Span, said: Span, people: People) -> bool:
    """Whether the words before the colon are somebody who says those behind it, not somebody they are about."""
    name, words = text_of(doc)[slice(*source)], text_of(doc)[slice(*said)]
    parts = WORD.findall(name)
    if not 0 < len(parts) <= _LONGEST_WHO or _NOBODY.search(name) or re.search(r",|\.\w\w|\bof the\b", name):
        return False
    plain = clean_name(name)
    person = plain in people.persons or len(people.by_part.get(plain.lower(), ())) == 1
    last = parts[-1].lower()
    office = (
        is_office(last)
        or last in BODIES
        or last in ("pm", "intelligence")
        or plain.lower() in _CAPITALS_THAT_SPEAK
    )
    titled = len(people.by_part.get(last, ())) == 1 and any(is_office(part) for part in parts[:-1])
    if _SPEECH.match(words):
        return person or office or titled or (name.isupper() and len(parts) > 1) or is_outlet(plain)
    about = any(is_office(word) for word in WORD.findall(words)[:3])
    tells = any(x.tag_ in ("VBZ", "VBD", "VBP", "MD") for x in words_of(doc, said))
    return (person or office or titled) and tells and not about
