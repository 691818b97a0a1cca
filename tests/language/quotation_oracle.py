"""A second opinion on what stands inside quotation marks, written without a look at the reader's own rule.

It walks from the words to the left through their paragraph: a mark that looks closing must find its opening
one first; a mark that looks opening and has no closing one shows that the words stand inside.
"""

import re

MARKS = re.compile(r"``|''|[\"“”„‟«»‘’']")
BREAK = re.compile(r"\n\s*\n")


def stands_in_marks(text, words):
    """Whether any occurrence of the words (white space counts as equal) stands inside quotation marks."""
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    return any(_opened(text, x.start()) and _closed(text, x.end()) for x in re.finditer(pattern, text))


def _opened(text, start):
    edge = max((x.end() for x in BREAK.finditer(text, 0, start)), default=0)
    closed = 0
    for mark in reversed(list(MARKS.finditer(text, edge, start))):
        look = _look(text, mark, edge)
        if look == "opening" and not closed:
            return True
        closed += {"opening": -1, "closing": 1, "neither": 0}[look]
    return False


def _look(text, mark, edge):
    before, after = text[max(edge, mark.start() - 1) : mark.start()], text[mark.end() : mark.end() + 1]
    single = mark.group() in ("‘", "’", "'")
    if single and before.isalnum() and after.isalnum():
        return "neither"
    if single and before in ("s", "S") and re.match(r"\s[a-z]", text[mark.end() :]):
        return "neither"
    if mark.group() in ("“", "„", "``") and not (before.strip() and not after.strip()):
        return "opening"
    if not before.strip() and not after.strip():
        return "closing" if text.count(mark.group(), edge, mark.start()) % 2 else "opening"
    if not before.strip() or before in "([—–-/“‘\"'":
        return "opening" if after.strip() else "closing"
    if not after.strip() or after in ".,;:!?)—–-…]":
        return "closing"
    return "closing" if text.count(mark.group(), edge, mark.start()) % 2 else "opening"


def _closed(text, end):
    here, _, following = text[end:].partition(
        BREAK.search(text, end).group() if BREAK.search(text, end) else "\0"
    )
    return bool(MARKS.search(here)) or MARKS.match(following) is not None
