import pytest
from rich.cells import cell_len

from bot.message.blocks import (
    Action,
    Actions,
    Divider,
    Fields,
    Link,
    Links,
    Message,
    Quotation,
    Text,
    Title,
)
from bot.message.plain_text import render
from tests.message.invented import pieces

URL = "https://news.example/" + "a-very-long-path/" * 8


def lines(*blocks, width=60):
    return render(Message(blocks), width=width, colour=False).splitlines()


def test_an_outlet_stands_at_the_right_edge_where_it_fits():
    [shown] = lines(Quotation(pieces("“Yes.”"), links=(Link("Example Wire", URL),)))
    assert shown == "     “Yes.”" + " " * 37 + "Example Wire"
    assert cell_len(shown) == 60


def test_an_outlet_that_does_not_fit_stands_below():
    first, second = lines(Quotation(pieces("“" + "yes " * 12 + "”"), links=(Link("Example Wire"),)))
    assert first.strip().startswith("“yes")
    assert second == "Example Wire".rjust(60)


def test_too_many_outlets_for_one_line_are_wrapped():
    shown = lines(Quotation(pieces("“Yes.”"), links=tuple(Link(f"Example Outlet {n}") for n in range(9))))
    assert all(cell_len(line) <= 60 for line in shown)
    assert " ".join(" ".join(shown).split()).endswith("Example Outlet 7 · Example Outlet 8")


def test_long_words_hang_below_their_beginning():
    shown = lines(Quotation(pieces("“" + "some words " * 12 + "”"), speaker="Anna"))
    assert shown[0] == "   Anna"
    assert all(line.startswith("     ") and line[5] != " " for line in shown[1:])


def test_wide_characters_count_as_two_cells():
    assert all(cell_len(line) <= 60 for line in lines(Quotation(pieces("“" + "合意は近い" * 20 + "”"))))


def test_a_storys_number_stands_before_its_headline():
    assert lines(Title("Boats", level=2, number=12)) == ["12 Boats"]
    shown = lines(Title("Boats and " * 10, level=2, number=3, aside="2 outlets"))
    assert shown[0].startswith("3  Boats")
    assert shown[1].startswith("   ")
    assert shown[-1].endswith("2 outlets")


def test_an_address_is_never_broken():
    shown = lines(Links((Link("Example Wire", URL),)))
    assert [line.strip() for line in shown] == ["Example Wire", URL]


def test_spaces_in_an_address_cannot_forge_a_line():
    shown = lines(Links((Link("x", "https://news.example/a\nhttps://evil.example\x1b[2J"),)))
    assert shown[1].strip() == "https://news.example/a%20https://evil.example"


def test_a_table_that_fits_is_a_table():
    shown = lines(Fields(("no.", "feed"), (("1", "Example Wire"), ("12", "例の新聞"))))
    assert shown == ["no.  feed", "1    Example Wire", "12   例の新聞"]


def test_a_table_that_does_not_fit_becomes_paragraphs():
    row = (
        "7",
        "Example Herald",
        "the server answered 404 for the third day in a row",
        "",
        "look at its address",
    )
    shown = lines(Fields(("no.", "feed", "state", "new", "next step"), (row,)))
    assert shown == [
        "7  Example Herald",
        "  state: the server answered 404 for the third day in a",
        "    row",
        "  next step: look at its address",
    ]


def test_what_can_be_typed_is_named():
    assert lines(Actions((Action("2 more stories", "more"), Action("links", "links")))) == [
        "…2 more stories: more · links"
    ]


def test_a_pause_ends_a_story():
    assert lines(Title("Boats", level=2), Text("in"), Divider(), Text("out")) == ["Boats", "   in", "", "out"]


@pytest.mark.parametrize("width", [-5, 0, 59, 60])
def test_a_terminal_narrower_than_60_is_treated_as_60(width):
    blocks = (Text("word " * 40),)
    assert lines(*blocks, width=width) == lines(*blocks, width=60)


def test_colour_is_there_only_when_asked_for():
    message = Message((Title("Boats", level=2, number=1), Text("down", tone="warning")))
    assert "\x1b[" in render(message, width=80, colour=True)
    assert "\x1b" not in render(message, width=80, colour=False)


def test_strangers_markup_and_escapes_are_shown_as_words_or_not_at_all():
    hostile = "[red]\x1b[31mred\x1b[0m[/red] :smile: \x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\"
    for colour in (False, True):
        shown = render(Message((Text(hostile),)), width=80, colour=colour)
        assert "[red]red[/red] :smile: click" in shown
        assert "evil" not in shown


def test_an_empty_message_is_empty():
    assert render(Message(()), width=80, colour=False) == ""
