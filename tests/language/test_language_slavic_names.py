"""Names in Ukrainian and Russian: the same in whatever case, and back in the nominative."""

import pytest

from bot.language import slavic_names as names


@pytest.mark.parametrize(
    "forms",
    [
        ("Вигаданський", "Вигаданського", "Вигаданському", "Вигаданським"),
        ("Вымыслов", "Вымыслова", "Вымыслову", "Вымысловым"),
        ("Вигадана", "Вигаданої", "Вигадану"),
        ("Гросс", "Гросса", "Гроссу", "Гроссом"),
        ("Кремль", "Кремля", "Кремлі"),
    ],
)
def test_the_cases_of_a_word_share_a_stem(forms):
    assert len({names.stem(form) for form in forms}) == 1


def test_a_short_stem_is_no_beginning_of_a_longer_name():
    assert names.among("влади", names.BODIES)
    assert not names.among("Владимир", names.BODIES)


@pytest.mark.parametrize(
    ("genitive", "language", "role", "nominative"),
    [
        ("Тараса Вигаданого", "uk", "аналітика", "Тарас Вигаданий"),
        ("Сергія Вигаданка", "uk", "начальника", "Сергій Вигаданк"),
        ("Володимира Зеленського", "uk", "президента", "Володимир Зеленський"),
        ("Павла Шевченка", "uk", "голови", "Павло Шевченко"),
        ("Ірини Вигаданської", "uk", "речниці", "Ірина Вигаданська"),
        ("Євгенії Бойко", "uk", "речниці", "Євгенія Бойко"),
        ("Павла Вымыслова", "ru", "министра", "Павел Вымыслов"),
        ("Ольги Вымысловой", "ru", "", "Ольга Вымыслова"),
        ("Юрия Вымысловского", "ru", "", "Юрий Вымысловский"),
        ("Наталії", "uk", "", "Наталія"),
    ],
)
def test_endings_lead_back_to_the_nominative(genitive, language, role, nominative):
    assert names.nominative(genitive, language, role) == nominative


@pytest.mark.parametrize(
    ("verb", "role", "name", "gender"),
    [
        ("сказав", "", "", "he"),
        ("заявила", "", "", "she"),
        ("сообщил", "", "", "he"),
        ("каже", "речниця", "", "she"),
        ("каже", "", "Олена Вигадана", "she"),
        ("каже", "", "Микола Вигаданий", "he"),
        ("повідомили", "", "", ""),
    ],
)
def test_man_or_woman_shows_in_verb_role_or_first_name(verb, role, name, gender):
    assert names.gender_of(verb, role, name) == gender


@pytest.mark.parametrize("word", ["МЗС", "ОВА", "міністр", "№"])
def test_abbreviations_and_common_words_are_no_names(word):
    assert not names.is_name(word)


@pytest.mark.parametrize(
    ("printed", "language", "plain"),
    [
        ("Кремле", "ru", "Кремль"),
        ("посольстві Вигаданії", "uk", "посольство Вигаданії"),
        ("Генштабу", "uk", "Генштаб"),
        ("обласній управі", "uk", "обласній управі"),
        ("МЗС", "uk", "МЗС"),
    ],
)
def test_a_body_reads_in_the_nominative_where_a_list_has_it(printed, language, plain):
    assert names.body(printed, language) == plain
