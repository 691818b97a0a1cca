"""Which language a text is in."""

import pytest

from bot.language.languages import identify
from bot.language.reading import capitalised_names, read


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("Anna Example said the talks had failed.", "", "en"),
        ("Зеленський сказав, що переговори тривають.", "", "uk"),
        ("Переговоры продолжаются, это объявил министр.", "", "ru"),
        ("Міністр сказаў, што ўсё скончана.", "", "be"),
        ("Le ministre a dit que les négociations avaient échoué hier soir.", "", "fr"),
        ("Talks fail", "en-US", "en"),
        ("Москва", "uk", "uk"),
        ("Зеленський сказав це", "en", "uk"),
        ("", "en_GB", "en"),
        ("12:45", "", ""),
    ],
)
def test_letters_decide_first_then_the_hint_then_statistics(text, hint, language):
    assert identify(text, hint) == language


def test_a_long_text_is_not_fooled_by_a_wrong_hint():
    german = "Die Gespräche sind gescheitert, sagte die Ministerin am Montag vor der Presse in Berlin. " * 4
    assert identify(german, "en") == "de"


def test_a_language_without_reader_is_said_so_and_gives_names_only():
    reading = read("Учора пані Приклад Анна сказала, що переговори у Прикладграді тривають.", language="uk")
    assert reading.statements == ()
    assert reading.language == "uk"
    assert reading.unread_reason == "no reader for uk"
    assert "Приклад Анна" in reading.names


def test_capitalised_runs_inside_sentences_are_names_most_frequent_first():
    text = "Gestern kam Anna Example. Dann ging Anna Example nach Musterstadt."
    assert capitalised_names(text) == ("Anna Example", "Musterstadt")
