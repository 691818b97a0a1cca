import ast
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import bot
from bot.knowledge.words import LOCALES, Words, table

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2031, 3, 2, 6, 0, tzinfo=UTC)
FAMILIES = {
    "side": ("ukraine", "russia", "us", "europe", "international", "other", "unknown"),
    "kind": ("direct", "mixed", "indirect"),
}


def fields_of(sentence):
    return {name: spec for _, name, spec, _ in string.Formatter().parse(sentence) if name is not None}


def calls():
    """Every use of a literal key in the program: (place, key, names of the fields given; None when unknown)."""
    for path in sorted(Path(bot.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("words", "_words", "self") and isinstance(node.args[0].value, str):
                names = {keyword.arg for keyword in node.keywords}
                yield f"{path.name}:{node.lineno}", node.args[0].value, None if None in names else names


def test_every_entry_is_written_in_every_language():
    assert {key: set(entry) for key, entry in table().items() if set(entry) != set(LOCALES)} == {}


def test_both_languages_ask_for_the_same_fields():
    sentences = {key: entry for key, entry in table().items() if not key.startswith("count.")}
    different = {
        key: entry
        for key, entry in sentences.items()
        if fields_of(entry["en"]).keys() != fields_of(entry["uk"]).keys()
    }
    assert different == {}


def test_every_noun_has_the_plural_forms_of_its_language():
    for key, entry in table().items():
        if key.startswith("count."):
            for language, forms in entry.items():
                assert set(forms) == {"other", *LOCALES[language].plural_form.tags}, key


def test_every_counting_field_names_a_noun():
    nouns = {key.removeprefix("count.") for key in table() if key.startswith("count.")}
    for key, entry in table().items():
        for language, sentence in entry.items():
            if isinstance(sentence, str):
                assert {spec for spec in fields_of(sentence).values() if spec} <= nouns, (key, language)


def test_every_key_used_in_the_program_is_in_the_table():
    used = list(calls())
    assert len(used) > 50
    assert [(place, key) for place, key, _ in used if key not in table()] == []


def test_every_use_gives_the_fields_of_its_sentence():
    wrong = [
        (place, key)
        for place, key, names in calls()
        if key in table() and names is not None and names != set(fields_of(table()[key]["en"]))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", LOCALES)
def test_every_value_of_a_family_has_a_word(language):
    words = Words(language)
    for family, values in FAMILIES.items():
        for value in values:
            assert words.name(family, value) == words(f"{family}.{value}")


def test_a_value_of_an_operators_own_is_shown_as_it_is():
    assert Words().name("side", "atlantis") == "atlantis"


@pytest.mark.parametrize(
    ("language", "number", "shown"),
    [
        ("en", 0, "0 articles"),
        ("en", 1, "1 article"),
        ("en", 12345, "12,345 articles"),
        ("uk", 1, "1 стаття"),
        ("uk", 3, "3 статті"),
        ("uk", 5, "5 статей"),
        ("uk", 11, "11 статей"),
        ("uk", 21, "21 стаття"),
    ],
)
def test_numbers_take_the_languages_plural_form(language, number, shown):
    assert Words(language).count("article", number) == shown


def test_a_missing_key_or_field_is_an_error():
    with pytest.raises(KeyError, match="no_such_key"):
        Words()("no_such_key")
    with pytest.raises(KeyError, match="topic"):
        Words()("digest.no_more", period="today")
    with pytest.raises(KeyError, match="noun"):
        Words()("count.article")


def test_an_unknown_language_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="en, uk"):
        Words("xx")


def test_what_articles_print_is_never_read_as_a_template():
    assert Words()("error.unknown_topic", given="{0.__class__}") == "Unknown topic {0.__class__}."


@pytest.mark.parametrize(
    ("since", "until", "shown"),
    [
        (timedelta(hours=12), NOW, "last 12 h to 08:00 Europe/Kyiv"),
        (timedelta(hours=12), None, "last 12 h to 08:00 Europe/Kyiv"),
        (timedelta(days=7), NOW, "last 7 days to 08:00 Europe/Kyiv"),
        (timedelta(minutes=90), NOW, "06:30 – 08:00 Europe/Kyiv"),
        (timedelta(days=2), NOW - timedelta(days=1), "28 Feb, 08:00 – 1 Mar, 08:00 Europe/Kyiv"),
        (timedelta(days=420), NOW, "last 420 days to 08:00 Europe/Kyiv"),
        (None, NOW, "everything to 08:00 Europe/Kyiv"),
    ],
)
def test_periods_are_told_in_the_readers_zone(since, until, shown):
    start = None if since is None else NOW - since
    assert Words().period(start, until, zone=KYIV, now=NOW) == shown


def test_a_date_of_another_year_says_its_year():
    words = Words()
    assert words.moment(NOW - timedelta(days=400), KYIV, NOW) == "26 Jan 2030, 08:00"
    assert words.moment(datetime(2030, 12, 31, 23, 0, tzinfo=UTC), KYIV, NOW) == "1 Jan, 01:00"


def test_a_period_over_a_clock_change_counts_real_hours():
    spring = datetime(2031, 3, 30, 6, 0, tzinfo=UTC)
    assert Words().period(spring - timedelta(hours=12), spring, zone=KYIV, now=spring) == (
        "last 12 h to 09:00 Europe/Kyiv"
    )


def test_more_names_than_fit_are_counted():
    assert Words().several(["A", "B", "C"]) == "A, B, C"
    assert Words().several(["A", "B", "C", "D", "E"]) == "A, B, C and 2 more"
