"""Digests as a person sees them: ``data/<name>.toml`` beside the expected text.

To accept a change, read it first, then write the files anew: ``python -m tests.message.test_message_golden``.
"""

from dataclasses import replace

import pytest

from bot.knowledge.words import Words
from bot.message import answers, digest, plain_text
from bot.message.ranking import EVERYTHING, worth_showing
from tests.message.invented import DATA, load

CASES = [
    (style, width, language)
    for style in ("who-said-what", "brief")
    for width in (60, 100)
    for language in ("en", "uk")
]
WHOLE = [
    (verb, width, language) for verb in ("story", "said") for width in (60, 100) for language in ("en", "uk")
]


def shown(style, width, language):
    message = digest.compose(load("talks"), style=style, words=Words(language))
    return plain_text.render(message, width=width, colour=False)


def shown_whole(verb, width, language):
    """An answer that shows everything, what was read unsurely too."""
    found, words = load("talks"), Words(language)
    if verb == "story":
        told = replace(found.stories[0], groups=worth_showing(found.stories[0].groups, EVERYTHING))
        message = answers.story(told, ground=found.ground, words=words)
    else:
        groups = worth_showing((group for story in found.stories for group in story.groups), EVERYTHING)
        hers = [group for group in groups if group[0].statement.speaker == "Anna Example"]
        message = answers.said("Anna Example", hers, ground=found.ground, words=words)
    return plain_text.render(message, width=width, colour=False)


def expected(style, width, language):
    return DATA / f"talks.{style}.{width}.{language}.txt"


@pytest.mark.parametrize(("style", "width", "language"), CASES)
def test_a_digest_looks_as_the_file_beside_its_input(style, width, language):
    assert shown(style, width, language) == expected(style, width, language).read_text(encoding="utf-8")


@pytest.mark.parametrize(("verb", "width", "language"), WHOLE)
def test_an_answer_that_shows_everything_marks_what_was_read_unsurely(verb, width, language):
    assert shown_whole(verb, width, language) == expected(verb, width, language).read_text(encoding="utf-8")


if __name__ == "__main__":
    for case in CASES:
        expected(*case).write_text(shown(*case), encoding="utf-8")
    for case in WHOLE:
        expected(*case).write_text(shown_whole(*case), encoding="utf-8")
