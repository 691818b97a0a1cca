"""Which language a text is in: letters first, statistics only where letters do not tell."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable

_SAMPLE = 4_000
_SHORT = 120
"""Texts with fewer letters than this say too little: the feed's or page's own word is trusted."""
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_LETTERS_OF = {"be": "ўЎ", "uk": "іїєґІЇЄҐ", "ru": "ыэъёЫЭЪЁ"}
_LANGUAGES = [
    "ar",
    "be",
    "bg",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "es",
    "et",
    "fa",
    "fi",
    "fr",
    "he",
    "hr",
    "hu",
    "it",
    "ja",
    "ka",
    "ko",
    "lt",
    "lv",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "ru",
    "sk",
    "sl",
    "sr",
    "sv",
    "tr",
    "uk",
    "zh",
]
_lock = threading.Lock()


def identify(text: str, hint: str = "") -> str:
    """Return the language's two-letter code, or an empty string when the text has no letters and no hint.

    ``hint`` is what the feed or page says ("en-US"); it decides for short texts in a script that it fits.
    """
    sample = text[:_SAMPLE]
    said = re.split(r"[-_]", hint.strip().lower(), maxsplit=1)[0]
    cyrillic, latin = len(_CYRILLIC.findall(sample)), len(_LATIN.findall(sample))
    if cyrillic > latin:
        return _cyrillic(sample, said, short=cyrillic < _SHORT)
    letters = sum(character.isalpha() for character in sample)
    if not letters or (said and letters < _SHORT and said not in _LETTERS_OF):
        return said
    return _by_statistics(sample)


def _cyrillic(sample: str, said: str, *, short: bool) -> str:
    counts = {code: sum(sample.count(x) for x in letters) for code, letters in _LETTERS_OF.items()}
    if counts["be"] and counts["be"] * 5 > counts["uk"]:
        return "be"
    if counts["uk"] != counts["ru"]:
        return "uk" if counts["uk"] > counts["ru"] else "ru"
    if short and said in (*_LETTERS_OF, "bg", "sr", "mk", "kk"):
        return said
    return _by_statistics(sample)


@functools.cache
def _classify() -> Callable[[str], tuple[str, float]]:
    # Imported late: the model costs most of a second, and most texts are decided by their letters or hint.
    import py3langid  # noqa: PLC0415 - see above

    py3langid.set_languages(_LANGUAGES)
    classify: Callable[[str], tuple[str, float]] = py3langid.classify
    return classify


def _by_statistics(sample: str) -> str:
    with _lock:
        return str(_classify()(sample)[0])
