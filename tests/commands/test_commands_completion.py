"""What Tab offers: commands, their keywords, and the names that may be meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.completion import MOST, Names, complete

NAMES = Names(
    topics=("war", "talks", "europe-nato"),
    speakers=("Anna Example", "Andrij Example", "Boris Sample"),
    outlets=("Example Times", "Sample Post"),
)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("dig", {"digest"}),
        ("feeds ", {"feeds add", "feeds list", "feeds status"}),
        ("feeds re", {"feeds resume", "feeds remove"}),
        ("digest t", {"talks", "today"}),
        ("digest talks b", {"brief"}),
        ("digest talks style ", {"brief", "who-said-what"}),
        ("said An", {"Anna Example", "Andrij Example"}),
        ("said Anna Ex", {"Anna Example"}),
        ("said Anna Example ab", {"about"}),
        ("said Anna Example outlet sam", {"Sample Post"}),
        ("said Anna Example kind ", {"direct", "mixed", "indirect"}),
        ("subscription add talks we", {"weekdays 09:00", "weekly mon 08:00"}),
        ("topics show eu", {"europe-nato"}),
        ("help feeds r", {"feeds resume", "feeds remove"}),
    ],
)
def test_line_is_completed(line: str, offered: set[str]) -> None:
    assert offered <= {found.text for found in complete(line, NAMES)}


@pytest.mark.parametrize("line", ["nonsense", "cook something", "story 1 "])
def test_nothing_is_offered_where_nothing_fits(line: str) -> None:
    assert complete(line, NAMES) == []


@given(st.text(max_size=40).map("said ".__add__) | st.text(max_size=40))
def test_offer_replaces_what_was_typed_and_is_short(line: str) -> None:
    found = complete(line, NAMES)
    assert len(found) <= MOST
    for one in found:
        assert one.replaces <= len(line)
        typed = line[len(line) - one.replaces :]
        assert one.text.casefold().startswith(typed.casefold())
