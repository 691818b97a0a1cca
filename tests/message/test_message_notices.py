"""What owners are told says what to do next; a refused message stays readable as plain paragraphs."""

from __future__ import annotations

import pytest

from bot.knowledge.words import LOCALES, Words
from bot.message import notices
from bot.message.blocks import Actions, Divider, Fields, Link, Links, Message, Quotation, Text, Title
from bot.model import Piece


@pytest.mark.parametrize("language", LOCALES)
def test_every_notice_names_its_subject_its_cause_and_the_next_step(language):
    words = Words(language)
    lost = notices.line(notices.channel_lost("news", "fake:1", "unknown channel", 2, words))
    assert all(part in lost for part in ("news", "unknown channel", "2", "onrecord outbox retry fake:1"))
    given_up = notices.line(notices.given_up(7, "news", "too long", words))
    assert all(part in given_up for part in ("news", "too long", "onrecord outbox retry 7"))
    feed = notices.line(
        notices.feed_in_trouble("Example Times", "https://e.example/f", "gone", "Remove it", words)
    )
    assert all(part in feed for part in ("Example Times", "https://e.example/f", "gone", "Remove it"))


def test_a_strangers_reason_is_one_harmless_bounded_line():
    told = notices.line(notices.given_up(7, "news\x1b[31m", "bad\n\x07embed " + "x" * 5000, Words("en")))
    assert "\x1b" not in told
    assert "bad embed" in told
    assert len(told) < 700


def test_a_catch_up_says_so_below_the_title():
    digest = Message((Title("Talks"), Text("A story.")))
    title, said, story = notices.catch_up(digest, 5, "08:00", Words("en")).blocks
    assert (title.text, story.text) == ("Talks", "A story.")
    assert said.text == "Catching up: this also covers 5 earlier digests that could not be sent, since 08:00."
    untitled = notices.catch_up(Message((Text("A story."),)), 1, "08:00", Words("en"))
    assert "1 earlier digest that" in untitled.blocks[0].text


QUOTED = Quotation(
    (Piece("We agreed,", quoted=True), Piece("to meet again", quoted=False)),
    speaker="Anna Example",
    cue="said",
    status="could not be verified",
    links=(Link("Example Times", "https://times.example/1"),),
)


def test_a_reduced_message_keeps_every_word_in_its_order_and_nothing_but_paragraphs():
    message = Message(
        (
            Title("Talks", aside="last 12 h"),
            Title("Envoys leave", level=2, number=1),
            QUOTED,
            Divider(),
            Fields(("topic", "when"), (("war", "daily"),)),
            Links((Link("Example Times", "https://times.example/1"),)),
            Actions(()),
        )
    )
    reduced = notices.reduced(message)
    assert all(isinstance(block, Text) for block in reduced.blocks)
    assert [block.text for block in reduced.blocks] == [
        "Talks · last 12 h",
        "1. Envoys leave",
        "Anna Example, said: “We agreed,” to meet again (Example Times) ⚠ could not be verified",
        "war · daily",
        "Example Times https://times.example/1",
    ]


def test_a_reduced_message_fits_any_chat_and_cuts_no_statement():
    reduced = notices.reduced(Message((QUOTED,) * 100))
    texts = [block.text for block in reduced.blocks]
    assert sum(len(text) + 1 for text in texts) <= notices.REDUCED_CHARS
    assert texts[-1] == "…"
    assert set(texts[:-1]) == {texts[0]}
