"""The bot's own words in each language it speaks: one table, plural forms and dates by CLDR's rules.

Articles are never translated: what they print goes into these sentences as it stands.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime, format_skeleton
from babel.numbers import format_decimal, format_percent

LOCALES = {"en": Locale.parse("en_GB"), "uk": Locale.parse("uk_UA")}
"""CLDR locales by language; British English, because its dates and 24-hour times are read everywhere."""

Forms = str | Mapping[str, str]
"""A sentence, or a noun's plural forms by CLDR category."""

_HOUR = timedelta(hours=1)
_DAYS_FROM = 72
"""From so many hours on, a period is told in days."""


@cache
def table() -> Mapping[str, Mapping[str, Forms]]:
    """Return every entry of ``words.toml``: dotted key → language → sentence or plural forms."""
    text = resources.files("bot.knowledge").joinpath("words.toml").read_text(encoding="utf-8")
    return dict(_entries(tomllib.loads(text), ""))


def _entries(tree: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Mapping[str, Forms]]]:
    for name, value in tree.items():
        if set(value) & set(LOCALES):
            yield prefix + name, value
        else:
            yield from _entries(value, f"{prefix}{name}.")


class Words(string.Formatter):
    """The fixed words in one language: ``words("digest.title", topic="Peace talks")``.

    A field written ``{articles:article}`` counts: it takes a number and shows it with the plural form of the
    noun ``count.article`` ("1 article", "3 articles"). Other whole numbers are shown with the language's
    grouping. Field values are shown as they are and never read as templates.
    """

    def __init__(self, language: str = "en") -> None:
        if language not in LOCALES:
            raise ValueError(f"no words in {language!r}; there are: {', '.join(LOCALES)}")
        self.language = language
        self._locale = LOCALES[language]

    def __call__(self, key: str, /, **fields: object) -> str:
        """Return the sentence with its fields filled in; ``KeyError`` names a missing key or field."""
        sentence = table()[key][self.language]
        if not isinstance(sentence, str):
            raise KeyError(f"{key} is a noun: use it as {{n:{key.removeprefix('count.')}}} in a sentence")
        return self.vformat(sentence, (), fields)

    def __contains__(self, key: object) -> bool:
        return key in table()

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - string.Formatter's signature
        """Show one field's value; called by ``string.Formatter``."""
        if format_spec:
            return self.count(format_spec, value)
        if isinstance(value, int):
            return self.number(value)
        return str(value)

    def count(self, noun: str, number: int) -> str:
        """Return the number with its noun: ``count("article", 3)`` → "3 articles"."""
        forms = table()[f"count.{noun}"][self.language]
        if isinstance(forms, str):
            raise KeyError(f"count.{noun} has no plural forms")
        form = self._locale.plural_form(number)
        return f"{self.number(number)} {forms.get(form, forms['other'])}"

    def name(self, family: str, value: str) -> str:
        """Return the word for a value of a family (``side``, ``state``), or the value itself when none is set."""
        key = f"{family}.{value}"
        return self(key) if key in self else value

    def tongue(self, code: str) -> str:
        """Return a language's name by its code ("pl" → "Polish"); empty for our own and for none."""
        bare = code.replace("_", "-").partition("-")[0].casefold()
        return "" if bare == self.language else str(self._locale.languages.get(bare, bare))

    def number(self, number: int) -> str:
        """Return a whole number with the language's grouping."""
        return format_decimal(number, locale=self._locale)

    def percent(self, share: float) -> str:
        """Return a share between 0 and 1 as a whole percentage."""
        return format_percent(share, locale=self._locale)

    def several(self, names: Sequence[str], most: int = 3) -> str:
        """Return names with commas; those beyond ``most`` are counted."""
        shown = ", ".join(names[:most])
        rest = len(names) - most
        return self("list.more", shown=shown, n=rest) if rest > 0 else shown

    # ── Dates and times: ``instant`` is aware, ``zone`` is the reader's ──────────────────────────────────

    def time(self, instant: datetime, zone: ZoneInfo) -> str:
        """Return the local time of day: "08:05"."""
        return format_datetime(instant, "HH:mm", tzinfo=zone, locale=self._locale)

    def date(self, instant: datetime, zone: ZoneInfo, now: datetime) -> str:
        """Return the local date, with its year when that is not the current one: "2 Mar", "2 Mar 2031"."""
        local = instant.astimezone(zone)
        skeleton = "MMMd" if local.year == now.astimezone(zone).year else "yMMMd"
        return str(format_skeleton(skeleton, local, locale=self._locale))

    def moment(self, instant: datetime, zone: ZoneInfo, now: datetime) -> str:
        """Return the local time, with its date unless that is today: "08:05", "2 Mar, 08:05"."""
        clock = self.time(instant, zone)
        if instant.astimezone(zone).date() == now.astimezone(zone).date():
            return clock
        return f"{self.date(instant, zone, now)}, {clock}"

    def period(self, since: datetime | None, until: datetime | None, *, zone: ZoneInfo, now: datetime) -> str:
        """Return a period in words: "last 12 h to 08:00 Europe/Kyiv"; ``until`` None means ``now``."""
        end = until or now
        fields: dict[str, object] = {"until": self.moment(end, zone, now), "zone": zone.key}
        if since is None:
            return self("period.until", **fields)
        hours, rest = divmod(end - since, _HOUR)
        if rest or end != now:
            return self("period.between", since=self.moment(since, zone, now), **fields)
        if hours >= _DAYS_FROM and not hours % 24:
            return self("period.days", days=hours // 24, **fields)
        return self("period.hours", hours=hours, **fields)
