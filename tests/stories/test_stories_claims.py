"""The same words are one statement, however they were cut; what turns them around is not; all invented."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Piece, Statement, StoredStatement
from bot.stories import claims

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _said(text, speaker="Anna Example", kind="direct"):
    return Statement(
        source=(), cue=(), content=(), sentence=(0, len(text)), pieces=(Piece(text, kind != "indirect"),), kind=kind,
        source_text=speaker, cue_text="said", sentence_text=text, speaker=speaker,
    )  # fmt: skip


def _stored(number, text, speaker="Anna Example", kind="direct", *, minutes=None):
    seen = NOW + timedelta(minutes=number if minutes is None else minutes)
    return StoredStatement(
        id=f"{number:x}", serial=number, article_id=number, version=1, stored_at=seen, outlet=f"Outlet {number}",
        url=f"https://outlet.example/{number}", title="", story_id=1, first_seen_at=seen, published_at=None,
        statement=_said(text, speaker, kind),
    )  # fmt: skip


def _groups(statements):
    return [[stored.serial for stored in group] for group in claims.merge(statements)]


WORDS = "We agreed to meet again in the spring. We did not agree on anything else."


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (_said(WORDS), _said("we agreed to meet again in the spring")),
        (_said(WORDS), _said("“We agreed to meet again in the Spring”", "the deputy minister")),
        (
            _said("The bridge will be rebuilt by autumn"),
            _said("The bridge would be rebuilt by autumn", kind="indirect"),
        ),
        (_said("It's a thin draft, very thin"), _said("It’s a thin draft — very thin")),
    ],
)
def test_cuts_slips_and_other_marks_are_the_same_words(a, b):
    assert claims.same_words(a, b)
    assert claims.same_words(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (_said("We will attack the northern city tomorrow"), _said("We will not attack the northern city tomorrow")),
        (_said("They've found 24 bodies in the ruins today"), _said("They've found 27 bodies in the ruins today")),
        (_said("We agreed"), _said("We agreed")),
        (_said("the talks in Exampletown have failed", kind="indirect"),
         _said("the talks in Exampletown have failed", "Bob Sample", "indirect")),
        (_said("agreed to meet again soon"), _said("We agreed to meet again soon", "Bob Sample")),
        (_said("soon again meet to agreed spring we the in"), _said("we agreed to meet again in the spring soon")),
        (_said("The port is closed to all ships until Monday"),
         _said("The airport reopened for flights on Friday night")),
    ],
)  # fmt: skip
def test_turned_around_short_or_merely_similar_words_are_not(a, b):
    assert not claims.same_words(a, b)
    assert not claims.same_words(b, a)


def test_a_statement_in_three_outlets_is_one_group_and_the_rest_stand_alone():
    statements = [
        _stored(1, WORDS),
        _stored(2, "The refinery near Exampletown burned all night", "the governor"),
        _stored(3, "We agreed to meet again in the spring"),
        _stored(4, "We did not agree on anything else", "Example"),
    ]

    assert _groups(statements) == [[1, 3, 4], [2]]


def test_groups_are_in_the_order_first_seen_and_a_direct_quotation_leads():
    statements = [
        _stored(1, "the bridge would be rebuilt by autumn at the latest", kind="indirect", minutes=10),
        _stored(2, "The bridge will be rebuilt by autumn at the latest", minutes=20),
        _stored(3, "The port is closed to all ships until Monday", minutes=5),
    ]

    assert _groups(statements) == [[3], [2, 1]]


def test_the_same_statement_twice_in_one_article_is_one_group():
    assert _groups([_stored(1, WORDS, minutes=0), _stored(2, WORDS, minutes=0)]) == [[1, 2]]


def test_nothing_is_lost_when_very_many_outlets_print_the_same_words():
    statements = [_stored(number, WORDS) for number in range(1, 200)]

    assert _groups(statements) == [list(range(1, 200))]


def test_nothing_makes_no_groups():
    assert claims.merge([]) == []


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(
                    ["we", "agreed", "not", "to", "meet", "again", "in", "24", "days", "or", "never"]
                ),
                max_size=12,
            ).map(" ".join),
            st.sampled_from(["", "Anna Example", "Example"]),
            st.sampled_from(["direct", "mixed", "indirect"]),
        ),
        max_size=12,
    )
)
def test_every_statement_is_in_exactly_one_group(given_statements):
    statements = [_stored(number, *parts) for number, parts in enumerate(given_statements)]

    assert sorted(serial for group in _groups(statements) for serial in group) == list(range(len(statements)))


@given(st.text(max_size=120), st.text(max_size=120))
def test_comparing_never_raises_and_does_not_depend_on_the_order(a, b):
    assert claims.same_words(_said(a), _said(b)) == claims.same_words(_said(b), _said(a))
