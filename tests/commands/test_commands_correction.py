"""A slip and what was meant → the whole line as it was meant; a form → the line that somebody would type."""

import pytest

from bot.commands.correction import corrected, typed


@pytest.mark.parametrize(
    ("line", "meant", "whole"),
    [
        ("digest takls 24h", "talks", "digest talks 24h"),
        ("digset talks", "digest", "digest talks"),
        ("subscription edit 7 daily 08:00", "subscription edit 2", "subscription edit 2 daily 08:00"),
        ("digest monday", "digest since monday", "digest since monday"),
        ("said Exampel about NATO", "Example", "said Example about NATO"),
        ("said Ana Exmple since monday", "Anna Example", "said Anna Example since monday"),
        ("subscription add talks hourly Europe/Kyv", "Europe/Kyiv", "subscription add talks hourly Europe/Kyiv"),
        ('said "Anna Exampel" about ferry', "Anna Example", "said Anna Example about ferry"),
        ("", "help", "help"),
    ],
)  # fmt: skip
def test_what_was_meant_takes_the_place_of_what_is_most_like_it(line, meant, whole):
    assert corrected(line, meant) == whole


@pytest.mark.parametrize(
    ("command", "given", "line"),
    [
        ("digest", {"topic": "talks", "period": "24h"}, "digest talks 24h"),
        ("said", {"speaker": "Anna Example", "about": "the ferry"}, "said Anna Example about the ferry"),
        ("said", {"speaker": "Since Example", "kind": "direct"}, 'said "Since Example" kind direct'),
        ("search", {"text": ' two  "words" until '}, 'search "two words until"'),
        ("help", {}, "help"),
        ("unheard of", {"topic": "talks"}, "unheard of"),
    ],
)
def test_a_form_is_the_line_that_somebody_would_type(command, given, line):
    assert typed(command, given) == line
