import pytest

from bot.message.blocks import Quotation
from bot.message.wording import LIMIT, LONGEST, attribution, plain, printed, shorten, utterance
from tests.message.invented import pieces

LONG = "We counted the boats in daylight and wrote their names down. "


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["“Yes.”"], "“Yes.”"),
        (["the draft", "“thin”"], "the draft “thin”"),
        (["the draft", "“thin”", ", and late"], "the draft “thin”, and late"),
        (["“We agreed,”", "…", "“to nothing.”"], "“We agreed” … “to nothing.”"),
        (["  two \n lines\t"], "two lines"),
        (["a lake ”“ and a boat"], "a lake and a boat"),
        (["it was “over"], "it was over"),
        (["“He said ‘no’.”"], "“He said ‘no’.”"),
    ],
)
def test_quotation_marks_stand_around_quoted_pieces_only(texts, line):
    assert printed(pieces(*texts)) == line


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\", "here"),
        ("\x1b]0;title\x07text", "text"),
        ("a\x00b\x07c\x9b31md", "abc31md"),
        ("left\u202eright\u2066", "leftright"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
        ("\x1bc reset", "reset"),
        ("кава ☕ 👩‍🚀", "кава ☕ 👩‍🚀"),
    ],
)
def test_strangers_text_becomes_harmless(text, harmless):
    assert plain(text) == harmless


def test_a_short_statement_is_never_cut():
    text = LONG * 7
    assert len(text) > LIMIT
    assert shorten(pieces(text)) == (pieces(text.strip()), False)


def test_a_long_statement_is_cut_at_a_sentences_end_and_says_so():
    kept, cut = shorten(pieces(f"“{LONG * 12}”"))
    assert cut
    assert kept[0].quoted
    assert kept[0].text == (LONG * 6).strip()
    assert printed(kept, cut=True).endswith("down.” …")


@pytest.mark.parametrize(
    "turn",
    [
        "Not one of them was ours.",
        "But none of that is true.",
        "Unless they leave first.",
        "That is what they claim, and it is false.",
        "Ні, цього не було.",
    ],
)
def test_a_cut_never_stands_before_a_sentence_that_may_turn_the_one_before(turn):
    harmless = "We counted the boats in daylight and wrote it down. " * 6
    tail = f"{turn.rstrip('.')} {'as they said at some length ' * 8}."
    kept, cut = shorten(pieces(f"{harmless}We accept the whole offer. {tail} They left on Friday."))
    assert cut
    assert kept[-1].text == harmless.strip()
    kept, _ = shorten(pieces(f"{harmless}We accept the whole offer. They {tail} They left on Friday."))
    assert kept[-1].text.endswith("We accept the whole offer.")


@pytest.mark.parametrize(
    "middle",
    [
        "as Gen. Example and Mr. Muster of the U.S. Army told no one at all about",
        "as e.g. A. Example did not see",
        "at 3.5 million kilometres from",
    ],
)
def test_a_full_stop_inside_a_sentence_is_no_place_to_cut(middle):
    text = f"We would never have left, {middle} the boats on the river, and {'so we stayed there and ' * 25}waited."
    assert shorten(pieces(text)) == (pieces(text), False)


def test_words_too_long_to_show_and_impossible_to_cut_are_left_to_the_article():
    assert shorten(pieces("boats and " * (LONGEST // 5))) == ((), True)
    assert printed((), cut=True) == "…"


def test_a_cut_may_fall_into_a_later_piece():
    kept, cut = shorten(pieces("the boats were", f"“{LONG * 3}”", "and added", f"“{LONG * 12}”"))
    assert cut
    assert [piece.quoted for piece in kept] == [False, True, False, True]
    assert len(printed(kept)) <= LIMIT


def shown(**values):
    return "".join(text for _, text in attribution(Quotation(pieces=pieces("“Yes.”"), **values)))


def test_the_attribution_names_speaker_role_and_cue_as_printed():
    said = shown(speaker="Anna Example", role="deputy minister", cue="told", to="reporters")
    assert said == "Anna Example, deputy minister, told reporters"


def test_a_cue_that_leads_stands_before_its_speaker():
    assert (
        shown(speaker="officials", note="anonymous", cue="according to")
        == "According to officials (anonymous)"
    )


def test_an_attribution_begins_with_a_capital_letter():
    assert shown(speaker="a European official", cue="said") == "A European official, said"


def test_a_dated_statement_without_a_name_begins_with_its_date():
    assert (
        shown(when="2 Mar, 08:00", role="deputy minister", cue="said")
        == "2 Mar, 08:00 · deputy minister, said"
    )


def test_a_cue_that_reads_on_stands_before_the_words_and_not_above_them():
    quoted = Quotation(pieces=pieces("the draft", "“thin”"), speaker="Anna", cue="called", cue_first=True)
    assert utterance(quoted) == "called the draft “thin”"
    assert "".join(text for _, text in attribution(quoted)) == "Anna"
