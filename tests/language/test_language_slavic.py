"""The experimental reader of Ukrainian and Russian, on invented articles: who said what, and how it is shown."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.cli import doctor
from bot.knowledge.files import load as load_knowledge
from bot.language import slavic, tagger
from bot.language.pieces import encode, special
from bot.language.reading import read
from bot.message import readings
from bot.runtime.workers import Workers
from bot.settings import Settings, SettingsError, load_settings
from tests.language.test_language_robustness import check

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("uk", "ru")


def said(text, language="uk", body_at=0):
    return [x for x in slavic.read(text, language, body_at=body_at) if x.act == "said"]


def printed(statement):
    return [f"«{piece.text}»" if piece.quoted else piece.text for piece in statement.pieces]


# ── The door ─────────────────────────────────────────────────────────────────────────────────────────────

UKRAINIAN = "Речник Південної управи Остап Вигаданий повідомив, що міст через річку закрили до осені."
RUSSIAN = "Мэр Заречного Пётр Вымыслов сообщил, что мост через реку закрыли до осени."


@pytest.mark.parametrize("text", [UKRAINIAN, RUSSIAN])
def test_without_the_setting_no_statement_is_looked_for(text):
    reading = read(text)
    assert reading.statements == ()
    assert reading.unread_reason.startswith("no reader for")


@pytest.mark.parametrize(("text", "language", "speaker"), [
    (UKRAINIAN, "uk", "Остап Вигаданий"), (RUSSIAN, "ru", "Пётр Вымыслов")
])  # fmt: skip
def test_with_the_setting_the_reader_says_that_it_is_an_experiment(text, language, speaker):
    reading = read(text, experimental=(language,))
    assert reading.language == language
    assert f"experimental-{language}" in reading.reader
    assert reading.unread_reason == ""
    assert [x.speaker for x in reading.statements] == [speaker]
    shown = readings.show(reading, reading.statements, name="x", length=len(text))
    assert any("experimental" in getattr(block, "text", "") for block in shown.blocks)


def test_a_language_that_was_not_asked_for_stays_unread():
    assert read(RUSSIAN, experimental=("uk",)).statements == ()


def test_english_is_read_as_before_beside_it():
    text = "Anna Example said that the talks had failed."
    assert read(text, experimental=LANGUAGES) == read(text)


def test_the_setting_takes_the_two_languages_and_no_other(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[reading]\nexperimental_languages = ["uk", "ru"]\n', encoding="utf-8")
    assert load_settings(path).reading.experimental_languages == ("uk", "ru")
    assert Settings().reading.experimental_languages == ()
    path.write_text('[reading]\nexperimental_languages = ["de"]\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="experimental_languages"):
        load_settings(path)


async def test_the_worker_reads_the_languages_of_the_settings():
    chosen = Settings(reading={"experimental_languages": ("uk",)})
    async with Workers(chosen) as workers:
        assert (await workers.read(UKRAINIAN)).statements
        assert (await workers.read(RUSSIAN)).unread_reason


@pytest.mark.parametrize("languages", [(), ("uk",)])
def test_the_doctor_looks_at_the_experimental_tagger_where_it_is_asked_for(languages):
    chosen = Settings(reading={"experimental_languages": languages})
    found = {finding.part: finding.state for finding in doctor._taggers(chosen)}
    assert set(found.values()) == {"ok"}
    assert len(found) == 1 + len(languages)


# ── Quotation marks ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("«Міст закрито», – сказала директорка Ніна Вигадана.", "uk", ["«Міст закрито»"]),
        ("„Міст закрито“, – сказала директорка Ніна Вигадана.", "uk", ["«Міст закрито»"]),
        ("«Мост закрыт», — сказала директор Нина Вымыслова.", "ru", ["«Мост закрыт»"]),
    ],
)
def test_what_stands_in_marks_is_shown_in_marks(text, language, words):
    (only,) = said(text, language)
    assert only.kind == "direct"
    assert printed(only) == words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("– Міст закрито до осені, – сказала директорка Ніна Вигадана.", "uk"),
        ("— Мост закрыт до осени, — сказала директор Нина Вымыслова.", "ru"),
    ],
)
def test_speech_behind_a_dash_without_marks_is_never_shown_as_a_quotation(text, language):
    (only,) = said(text, language)
    assert only.kind == "indirect"
    assert not any(piece.quoted for piece in only.pieces)


# ── Speakers ─────────────────────────────────────────────────────────────────────────────────────────────

MINISTER = "Міністр портів Остап Вигаданий заявив, що пором ходитиме щодня. "
MINISTRESS = "Министр портов Нина Вымыслова заявила, что паром будет ходить ежедневно. "


@pytest.mark.parametrize(
    ("text", "language", "speaker"),
    [
        (MINISTER + "Вигаданий додав, що квитки подешевшають.", "uk", "Остап Вигаданий"),
        (MINISTER + "Він додав, що квитки подешевшають.", "uk", "Остап Вигаданий"),
        (MINISTER + "За його словами, квитки подешевшають.", "uk", "Остап Вигаданий"),
        (MINISTER + "За словами Вигаданого, квитки подешевшають.", "uk", "Остап Вигаданий"),
        (MINISTRESS + "Она добавила, что билеты подешевеют.", "ru", "Нина Вымыслова"),
        (MINISTRESS + "По словам Вымысловой, билеты подешевеют.", "ru", "Нина Вымыслова"),
        (MINISTRESS + "Министр пообещала, что билеты подешевеют.", "ru", "Нина Вымыслова"),
        (MINISTER + "Директорка порту Ніна Гадана заперечила, що пором готовий. Він пояснив, що пором готовий.",
         "uk", "Остап Вигаданий"),
    ],
)  # fmt: skip
def test_a_source_further_down_is_the_person_whom_the_article_named(text, language, speaker):
    assert said(text, language)[-1].speaker == speaker


@pytest.mark.parametrize(
    ("text", "language", "speaker"),
    [
        ("За словами начальника порту Остапа Вигаданського, міст закрили.", "uk", "Остап Вигаданський"),
        ("На думку економістки Соломії Вигаданої, ціни зростуть восени.", "uk", "Соломія Вигадана"),
        ("По словам начальника порта Петра Вымыслова, мост закрыли.", "ru", "Петр Вымыслов"),
    ],
)
def test_a_name_in_the_genitive_is_given_in_the_nominative(text, language, speaker):
    assert said(text, language)[0].speaker == speaker


def test_the_role_is_the_words_printed_before_the_name():
    (only,) = said(UKRAINIAN)
    assert only.role == "Речник Південної управи"
    assert UKRAINIAN[slice(*only.role_span)] == only.role


def test_without_a_name_before_it_a_pronoun_stays_as_printed():
    (only,) = said("Вона повідомила, що міст через річку закрили до осені.")
    assert only.speaker == "Вона"


def test_a_place_behind_an_office_is_no_surname():
    (only,) = said("Президент Польщі заявив, що переговори відбудуться восени.")
    assert (only.speaker, only.role) == ("Президент Польщі", None)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Джерело в управі повідомило, що міст закриють до осені.", "uk"),
        ("Источник в управе сообщил, что мост закроют до осени.", "ru"),
        ("Співрозмовник агентства сказав, що міст закриють до осені.", "uk"),
    ],
)
def test_who_is_not_named_is_anonymous(text, language):
    (only,) = said(text, language)
    assert only.anonymous


@pytest.mark.parametrize(
    ("printed_name", "known"),
    [
        ("Володимир Зеленський", "Volodymyr Zelensky"),
        ("Зеленський", "Volodymyr Zelensky"),
        ("Владимир Зеленский", "Volodymyr Zelensky"),
    ],
)
def test_a_cyrillic_speaker_is_found_again_under_the_known_name(printed_name, known):
    assert load_knowledge().same_speaker_names(known, [printed_name, "Остап Вигаданий"]) == (printed_name,)


# ── Ways and statuses ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "language", "field", "words"),
    [
        ("Мер Остап Вигаданий написав у Telegram, що міст закрито до осені.", "uk", "via", "Telegram"),
        ("«Міст закрито», – сказав мер Остап Вигаданий в ефірі телемарафону.", "uk", "via", "телемарафону"),
        ("«Мост закрыт», — сказал мэр Пётр Вымыслов в интервью «Вестнику».", "ru", "via", "Вестнику"),
        (
            "Мер Остап Вигаданий сказав журналістам, що міст закрито до осені.",
            "uk",
            "audience",
            "журналістам",
        ),
        ("«Міст закрито», – сказав мер Остап Вигаданий журналістам.", "uk", "audience", "журналістам"),
        ("Мэр Пётр Вымыслов сообщил, что мост закроют до осени, передает ТАСС.", "ru", "relay", "ТАСС"),
    ],
)
def test_the_way_here_is_given_as_printed(text, language, field, words):
    assert getattr(said(text, language)[0], field) == words


@pytest.mark.parametrize(
    ("text", "language", "status", "words"),
    [
        (UKRAINIAN + " Незалежно перевірити це неможливо.", "uk", "unverified",
         "Незалежно перевірити це неможливо"),
        (RUSSIAN + " Официального подтверждения этому пока нет.", "ru", "unverified",
         "Официального подтверждения этому пока нет"),
        (UKRAINIAN + " Управа порту спростувала цю інформацію.", "uk", "denied", "спростувала цю інформацію"),
        (UKRAINIAN + " Міст збудували торік.", "uk", "none", None),
    ],
)  # fmt: skip
def test_the_status_is_what_the_article_says_with_its_words(text, language, status, words):
    first = said(text, language)[0]
    assert (first.status, first.status_text) == (status, words)


def test_who_declines_to_comment_has_said_nothing():
    assert said("Речник управи відмовився коментувати закриття мосту.") == []


# ── The model ────────────────────────────────────────────────────────────────────────────────────────────


def pieces_of(text):
    model = tagger.load(tagger.UKRAINIAN_RUSSIAN)
    found = encode(model._tokenizer, text)
    return [(text[a:b], x & 3) for a, b, x in zip(found.starts, found.ends, found.features, strict=True)]


def test_pieces_hold_no_white_space_and_their_case_is_the_words():
    text = "Він  сказав: «Ми тут», – №5… ОВА\n\nЇжак"
    words = pieces_of(text)
    assert all(word and not word[0].isspace() and not word[-1].isspace() for word, _ in words)
    assert ("Він", 1) in words
    assert ("«", 3) in words
    assert {case for word, case in words if word.islower()} == {0}
    assert [word for word, _ in words if word[0] == "№"] == ["№"]


def test_characters_that_the_tokenizer_changes_keep_their_places():
    text = "½ ﬁ … и\u0306 сказав"
    found = encode(tagger.load(tagger.UKRAINIAN_RUSSIAN)._tokenizer, text)
    assert text[found.starts[-1] : found.ends[-1]] == "сказав"
    assert (found.starts[1:] >= found.starts[:-1]).all()


def test_the_end_marks_are_found_under_either_name():
    ours = tagger.load(tagger.UKRAINIAN_RUSSIAN)._tokenizer
    english = tagger.load()._tokenizer
    assert special(ours, "[CLS]", "<s>") == ours.token_to_id("<s>")
    assert special(english, "[CLS]", "<s>") == english.token_to_id("[CLS]")


def test_both_taggers_stay_loaded_side_by_side():
    ours, english = tagger.load(tagger.UKRAINIAN_RUSSIAN), tagger.load()
    assert ours is tagger.load(tagger.UKRAINIAN_RUSSIAN)
    assert english is tagger.load()
    assert tagger.model_version(tagger.UKRAINIAN_RUSSIAN) != tagger.model_version()


# ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = 'міністр он він сказав заявила ТАСС передає джерело спростував Reuters его один – — , . : « » … ( ) "'
PHRASES = (
    "Остап Вигаданий",
    "що міст закрито",
    "За словами",
    "по словам",
    "«Так»",
    "не підтверджено",
    "\n",
    "\n\n",
)
MORE = ("Пряма мова", "«Мапа»", "у Telegram", "е\u0301", "в ефірі")
FRAGMENTS = st.sampled_from([*WORDS.split(), *PHRASES, *MORE])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FRAGMENTS, max_size=40).map(" ".join), st.integers(0, 60), st.sampled_from(LANGUAGES))
@example("—: він сказав", 0, "uk")
@example("Пряма мова міністра: «Так»", 0, "uk")
def test_laws_hold_for_any_mixture_of_newsroom_words(text, body_at, language):
    check(text, read_as(text, body_at, language), body_at)


def read_as(text, body_at, language):
    return Found(slavic.read(text, language, body_at=body_at))


class Found:
    """A reading for ``check``."""

    def __init__(self, statements):
        self.statements = statements


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_invented_articles_that_were_kept_aside_are_read_well(language):
    path = ROOT / "benchmarks" / "gold" / f"invented-{language}-held.jsonl"
    right = total = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        article = json.loads(line)
        found = said(article["text"], language)
        for wanted in article["attributions"]:
            total += 1
            right += any(agrees(statement, wanted) for statement in found)
    assert right / total > 0.75


def agrees(statement, wanted):
    start, end = wanted["content"][0]
    content = any(min(b, end) - max(a, start) > (end - start) / 2 for a, b in statement.content)
    if not wanted["source"]:
        return content and not statement.source
    (first, last), source = wanted["source"][0], statement.source
    return content and bool(source) and source[0][0] < last and first < source[0][1]


def test_the_benchmark_explains_itself():
    program = ROOT / "benchmarks" / "slavic.py"
    done = subprocess.run([sys.executable, program, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--scorer" in done.stdout
