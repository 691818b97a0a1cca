"""Messages on their way through the outbox: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.message.blocks import (
    MESSAGE_VERSION,
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
    dumps,
    loads,
)
from bot.model import Piece

EXAMPLE = Message(
    (
        Title(
            "Envoys leave without a text",
            level=2,
            aside="5 outlets, 2 origins",
            number=1,
            url="https://a.example/1",
        ),
        Text("Nothing new since Monday.", tone="muted"),
        Quotation(
            pieces=(Piece("We agreed to meet again.", quoted=True), Piece("and that was all", quoted=False)),
            speaker="Anna Example",
            role="deputy minister",
            cue="said",
            to="told reporters",
            status="could not be independently verified",
            links=(Link("Example Wire", "https://a.example/1"), Link("no address")),
            cut=True,
        ),
        Links((Link("Example Wire", "https://a.example/1"),)),
        Fields(columns=("feed", "state"), rows=(("Example Wire", "fine"), ("Sample Post", "404"))),
        Divider(),
        Actions((Action("More", "more"), Action("Story 2", "story 2"))),
    )
)


def test_a_message_with_every_block_comes_back_as_it_was():
    assert loads(dumps(EXAMPLE)) == EXAMPLE
    assert [type(block) for block in loads(dumps(EXAMPLE)).blocks] == [
        type(block) for block in EXAMPLE.blocks
    ]


@given(st.from_type(Message))
def test_any_message_of_this_version_comes_back_as_it_was(message):
    message = Message(message.blocks)
    assert loads(dumps(message)) == message


@given(st.text())
def test_any_text_comes_back_as_it_was(text):
    message = Message((Text(text), Quotation((Piece(text, quoted=True),), speaker=text)))
    assert loads(dumps(message)) == message


def test_a_message_of_a_newer_version_is_refused_in_words():
    newer = json.loads(dumps(EXAMPLE)) | {"version": MESSAGE_VERSION + 1}
    with pytest.raises(ValueError, match=f"version {MESSAGE_VERSION + 1} is newer than this program"):
        loads(json.dumps(newer))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        "null",
        "[]",
        "{}",
        '{"blocks": [{"block": "poem", "text": "x"}], "version": 1}',
        '{"blocks": [{"block": "title"}], "version": 1}',
        '{"blocks": "title", "version": 1}',
        '{"blocks": [], "version": "one"}',
        '{"blocks": [' + "[" * 10_000,
        dumps(EXAMPLE)[:-20],
    ],
)
def test_what_is_no_message_is_refused(body):
    with pytest.raises(ValueError, match=r".+"):
        loads(body)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_garbage_never_becomes_a_message(body):
    with pytest.raises(ValueError, match=r".+"):
        loads(body)
