import pytest

from bot.knowledge.words import Words
from bot.message.blocks import Message, Quotation, Text, Title
from bot.message.digest import compose
from bot.message.paging import parts, size
from tests.message.invented import load, pieces


def story(number, *said):
    return (Title(f"Story {number}", level=2, number=number), *said)


def quoted(words, speaker="Anna"):
    return Quotation(pieces(f"“{words}”"), speaker=speaker)


def test_a_message_that_fits_is_one_part():
    message = compose(load("talks"), style="brief", words=Words())
    assert parts(message, 10_000) == (message,)


def test_parts_begin_at_stories():
    message = Message((Title("Digest"), *story(1, quoted("One.")), *story(2, quoted("Two.")), *story(3)))
    longest = size(Title("Digest")) + 2 * sum(map(size, story(1, quoted("One.")))) - 1
    shown = parts(message, longest)
    assert [part.blocks[0].text for part in shown] == ["Digest", "Story 2"]


def test_a_story_longer_than_a_part_is_split_between_speakers():
    message = Message(
        story(1, quoted("One. " * 12), quoted("Two. " * 12, ""), quoted("Three. " * 12, "Boris"))
    )
    shown = parts(message, 240)
    assert [block.speaker for part in shown for block in part.blocks if isinstance(block, Quotation)] == [
        "Anna",
        "",
        "Boris",
    ]
    assert len(shown) == 2


def test_a_speaker_split_in_the_last_resort_is_named_again():
    message = Message(story(1, quoted("One. " * 40), quoted("Two. " * 40, ""), quoted("Three. " * 40, "")))
    shown = parts(message, 300)
    assert [part.blocks[-1].speaker for part in shown] == ["Anna", "Anna", "Anna"]
    assert isinstance(shown[0].blocks[0], Title)


def test_a_statement_longer_than_a_part_stands_alone_and_whole():
    long = quoted("One. " * 400)
    shown = parts(Message((Text("before"), long, Text("after"))), 100)
    assert [part.blocks for part in shown] == [(Text("before"),), (long,), (Text("after"),)]


def test_a_part_without_room_is_refused():
    with pytest.raises(ValueError, match="room"):
        parts(Message(()), 0)
