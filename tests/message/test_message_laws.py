"""What holds for every digest, however hostile its articles."""

import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.knowledge.words import Words
from bot.message import digest
from bot.message.blocks import Actions, Divider, Link, Links, Message, Quotation, Text, Title, dumps, loads
from bot.message.paging import parts, size
from bot.message.plain_text import render
from bot.message.wording import attribution, plain, printed, shorten
from bot.model import Piece
from tests.message.invented import article, material, statement, stored, story_of

HOSTILE = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b]8;;http://x\x1b\\",
        "\x9b",
        "\u202e",
        "\n\n",
        "[bold]",
        "{0}",
        "字",
        "é",
        "👩\u200d🚀",
        "\t",
        "\u200d",
        "ﷺ",
    ]
)
WORD = st.one_of(st.text(min_size=1, max_size=40), HOSTILE)
UNQUOTED = st.lists(WORD, min_size=1, max_size=12).map(" ".join)
NO_MARKS = UNQUOTED.map(lambda text: re.sub('[“”„‟«»"＂]', "", text))
PIECE = st.one_of(
    NO_MARKS.map(lambda text: Piece(text, quoted=True)), UNQUOTED.map(lambda text: Piece(text, quoted=False))
)
SENTENCES = st.lists(
    st.sampled_from(
        ["We saw nine boats. ", "Not one was ours. ", "Gen. Example left! ", "But why? ", "u.s. "]
    ),
    max_size=60,
).map("".join)
PIECES = st.lists(st.one_of(PIECE, SENTENCES.map(lambda text: Piece(text, quoted=True))), max_size=4).map(
    tuple
)
PLAIN_WORDS = st.text(alphabet="abc дё字é\x1b\x07\u202e", max_size=60)


@st.composite
def statements(draw):
    words = draw(PIECES)
    said = statement(
        "x",
        speaker=draw(st.one_of(PLAIN_WORDS, st.sampled_from(["Anna", "Boris", ""]))),
        cue=draw(st.sampled_from(["said", "told", "according to", ""])),
        anonymous=draw(st.booleans()),
        confidence=draw(st.sampled_from([0.2, 0.9])),
        headline=draw(st.booleans()),
        role=draw(st.one_of(st.none(), PLAIN_WORDS)),
        status_text=draw(st.one_of(st.none(), PLAIN_WORDS)),
        relay=draw(st.one_of(st.none(), PLAIN_WORDS)),
    )
    quoted = {piece.quoted for piece in words}
    kind = "mixed" if len(quoted) > 1 else "direct" if quoted == {True} else "indirect"
    return replace(said, pieces=words, kind=kind)


@st.composite
def materials(draw):
    stories = []
    serial = 0
    for number in range(1, draw(st.integers(1, 7)) + 1):
        articles, groups = [], []
        for place in range(draw(st.integers(1, 3))):
            outlet = draw(st.sampled_from(["Wire", "Closed", "Linked", "Post"]))
            here = article(number * 10 + place, outlet=outlet, title=draw(PLAIN_WORDS) or "Untitled")
            articles.append(here)
            for said in draw(st.lists(statements(), max_size=4)):
                serial += 1
                groups.append((stored(said, serial=serial, article_id=here.id, outlet=outlet),))
        story = story_of(number, tuple(articles), origins=draw(st.integers(1, 3)))
        stories.append(digest.StoryMaterial(story, story.articles, tuple(groups)))
    return replace(
        material(policies={"Closed": "headline", "Linked": "link"}, sides={"Anna": "ukraine"}),
        stories=tuple(stories),
    )


MESSAGES = st.builds(
    lambda shown, style, language: digest.compose(shown, style=style, words=Words(language)),
    materials(),
    st.sampled_from(["who-said-what", "brief"]),
    st.sampled_from(["en", "uk"]),
)


@given(PIECES)
def test_quotation_marks_enclose_the_quoted_pieces_and_nothing_else(pieces):
    line = printed(pieces)
    inside = re.findall(r"“([^”]*)”", line)
    quoted = [plain(piece.text) for piece in pieces if piece.quoted and plain(piece.text)]
    assert [text.removesuffix(",") for text in inside] == [text.removesuffix(",") for text in quoted]
    assert not re.search('[“”„‟«»"＂]', re.sub(r"“[^”]*”", "", line))


@given(PIECES, st.integers(120, 600))
def test_a_cut_shows_the_beginning_word_for_word_and_ends_with_a_sentence(pieces, limit):
    kept, cut = shorten(pieces, limit)
    whole = [
        piece for piece in pieces if plain(piece.text if piece.quoted else piece.text.strip('“”„‟«»"＂ '))
    ]
    for shown, original in zip(kept, whole, strict=False):
        assert shown.quoted == original.quoted
        if shown.quoted:
            assert plain(original.text).startswith(shown.text)
    if not cut:
        assert printed(kept) == printed(pieces)
    elif kept:
        assert kept[-1].text[-1] in ".!?…’)]"


@settings(max_examples=30, deadline=None)
@given(materials(), st.integers(1, 6), st.integers(1, 15), st.sampled_from(["who-said-what", "brief"]))
def test_a_digest_never_exceeds_its_limits(shown, stories, said, style):
    message = digest.compose(shown, style=style, words=Words(), limit_stories=stories, limit_statements=said)
    assert sum(isinstance(block, Title) and block.level == 2 for block in message.blocks) <= stories
    assert sum(isinstance(block, Quotation) for block in message.blocks) <= said


@settings(max_examples=30, deadline=None)
@given(MESSAGES)
def test_no_words_of_an_outlet_that_forbids_them_are_shown(message):
    for block in message.blocks:
        if isinstance(block, Quotation):
            assert not {link.label.partition(" ←")[0] for link in block.links} <= {"Closed", "Linked"}


@settings(max_examples=25, deadline=None)
@given(MESSAGES, st.integers(1, 150))
def test_no_line_is_wider_than_asked_and_no_escape_byte_gets_through(message, width):
    text = render(message, width=width, colour=False)
    assert max(map(cell_len, text.splitlines())) <= max(width, 60)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def bare(text):
    return re.sub(r"\s", "", plain(text))


@settings(max_examples=30, deadline=None)
@given(materials(), st.sampled_from([60, 100]))
def test_a_printed_digest_has_quotation_marks_around_quoted_words_only(shown, width):
    message = digest.compose(shown, style="who-said-what", words=Words())
    text = bare(render(message, width=width, colour=False))
    groups = [group for story in shown.stories for group in story.groups]
    quoted = [bare(piece.text) for group in groups for piece in group[0].statement.pieces if piece.quoted]
    for inside in re.findall("“([^”]*)”", text):
        assert any(words.startswith(inside) for words in quoted)
    assert not re.search('[“”„‟«»"＂]', re.sub("“[^”]*”", "", text))


@settings(max_examples=25, deadline=None)
@given(MESSAGES)
def test_colour_changes_no_word(message):
    coloured = render(message, width=80, colour=True)
    bare = "".join(f"{line.rstrip()}\n" for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines())
    assert bare == render(message, width=80, colour=False)


@settings(max_examples=25, deadline=None)
@given(MESSAGES)
def test_a_digest_survives_the_outbox(message):
    assert loads(dumps(message)) == message


BLOCKS = st.lists(
    st.one_of(
        st.builds(Title, PLAIN_WORDS, st.sampled_from([1, 2, 3])),
        st.builds(Text, PLAIN_WORDS),
        st.builds(
            Quotation,
            PIECES,
            speaker=st.sampled_from(["", "Anna", "Boris"]),
            links=st.lists(st.builds(Link, PLAIN_WORDS), max_size=2).map(tuple),
        ),
        st.just(Divider()),
        st.just(Actions(())),
        st.just(Links((Link("x", "https://news.example/" + "x" * 90),))),
    ),
    max_size=25,
).map(lambda blocks: Message(tuple(blocks)))


def named_again(message):
    """The blocks with each statement's speaker written out, as a reader understands them."""
    blocks, named = [], None
    for block in message.blocks:
        if isinstance(block, Quotation):
            named = block if block.speaker or named is None else named
            blocks.append(replace(block, speaker=named.speaker, role=named.role, note=named.note))
        else:
            blocks.append(block)
    return blocks


@settings(max_examples=50, deadline=None)
@given(st.one_of(BLOCKS, MESSAGES), st.integers(1, 3000))
def test_parts_together_are_the_message_and_none_is_longer_than_it_must_be(message, most):
    split = parts(message, most)
    together = Message(tuple(block for part in split for block in part.blocks))
    assert named_again(together) == named_again(message)
    for part in split:
        real = [block for block in part.blocks if not isinstance(block, Title)]
        assert sum(map(size, part.blocks)) <= most or len(real) <= 1


@settings(max_examples=50, deadline=None)
@given(MESSAGES, st.integers(400, 3000))
def test_no_part_begins_with_a_statement_whose_speaker_it_does_not_name(message, most):
    for part in parts(message, most):
        first = next((block for block in part.blocks if isinstance(block, Quotation)), None)
        assert first is None or first.speaker


@given(st.builds(Quotation, PIECES, speaker=PLAIN_WORDS, role=PLAIN_WORDS, cue=PLAIN_WORDS, to=PLAIN_WORDS))
def test_an_attribution_is_one_harmless_line(quotation):
    line = "".join(text for _, text in attribution(quotation))
    assert line == plain(line) or line.strip() == plain(line)
