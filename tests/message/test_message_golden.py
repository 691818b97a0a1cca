"""Digests as a person sees them: ``data/<name>.toml`` beside the expected text.

To accept a change, read it first, then write the files anew: ``python -m tests.message.test_message_golden``.
"""

import pytest

from bot.knowledge.words import Words
from bot.message import digest, plain_text
from tests.message.invented import DATA, load

CASES = [
    (style, width, language)
    for style in ("who-said-what", "brief")
    for width in (60, 100)
    for language in ("en", "uk")
]


def shown(style, width, language):
    message = digest.compose(load("talks"), style=style, words=Words(language))
    return plain_text.render(message, width=width, colour=False)


def expected(style, width, language):
    return DATA / f"talks.{style}.{width}.{language}.txt"


@pytest.mark.parametrize(("style", "width", "language"), CASES)
def test_a_digest_looks_as_the_file_beside_its_input(style, width, language):
    assert shown(style, width, language) == expected(style, width, language).read_text(encoding="utf-8")


if __name__ == "__main__":
    for case in CASES:
        expected(*case).write_text(shown(*case), encoding="utf-8")
