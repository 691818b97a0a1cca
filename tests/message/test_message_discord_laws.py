"""What holds for every message on Discord, however hostile: no limit exceeded, nobody pinged, only our links.

``ONRECORD_EXAMPLES`` says how many digests and titles to try; everyday runs try a few hundred.
"""

import os
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge.words import Words as BotWords
from bot.message import digest
from bot.message import discord_limits as limits
from bot.message.blocks import Action, Actions, Fields, Link, Links, Message, Quotation, Text, Title
from bot.message.discord_pages import Row, Rule, Words, pages
from bot.message.discord_text import address, block_text, escape, linked
from bot.message.wording import plain, printed
from bot.model import Piece
from tests.message.invented import article, material, statement, stored, story_of
from tests.message.test_message_laws import BLOCKS, MESSAGES, named_again

EXAMPLES = int(os.environ.get("ONRECORD_EXAMPLES", "150"))
HOSTILE = [
    "@everyone",
    "@here",
    "<@123456789012345678>",
    "<@&123456789012345678>",
    "<#123456789012345678>",
    "</digest:123456789012345678>",
    "<t:1700000000:R>",
    "<:smile:123456789012345678>",
    ":smile:",
    "https://evil.example/x",
    "<https://evil.example>",
    "steam://run/1",
    "discord.gg/evil",
    "DISCORD.com/invite/evil",
    "[click](https://evil.example)",
    "](https://evil.example)",
    "**bold",
    "__under__",
    "~~gone~~",
    "||spoiler||",
    "```code",
    "`tick",
    "# heading",
    "-# small",
    "- list",
    "1. list",
    "> quote",
    ">>> quotes",
    "\\",
    "\\\\",
    "\n",
    "\u202e",
    "\u200b",
    "((",
    "))",
    "x" * 300,
]
LETTERS = "abc дёж 字é👩\u200d🚀 .,!?’“”«»\x1b\x07"


class Inventor:
    """Invents hostile texts and blocks from a seed: quicker than a tree of strategies, and short to name."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def text(self, longest=1):
        words = [self.word() for _ in range(self.chance.randrange(12))]
        return " ".join(words) * self.chance.choice([1] * 9 + [longest])

    def word(self):
        if self.chance.random() < 0.5:
            return self.chance.choice(HOSTILE)
        return "".join(self.chance.choices(LETTERS, k=self.chance.randrange(1, 30)))

    def url(self):
        long = "x" * self.chance.randrange(3000)
        return self.chance.choice(
            [f"https://news.example/{self.text()}", f"https://news.example/{long}", self.text()]
        )

    def links(self):
        return tuple(Link(self.text(), self.url()) for _ in range(self.chance.randrange(12)))

    def pieces(self):
        return tuple(
            Piece(self.text(20), quoted=self.chance.random() < 0.5) for _ in range(self.chance.randrange(4))
        )

    def block(self):
        chance = self.chance
        match chance.randrange(6):
            case 0:
                level = chance.choice([1, 2, 3])
                return Title(
                    self.text(20), level, aside=self.text(20), number=chance.randrange(99), url=self.url()
                )
            case 1:
                return Text(self.text(60), chance.choice(["plain", "muted", "strong", "warning"]))
            case 2:
                return Quotation(
                    self.pieces(),
                    speaker=self.text(20),
                    role=self.text(20),
                    note=self.text(),
                    cue=self.text(20),
                    to=self.text(),
                    when=self.text(),
                    status=self.text(20),
                    links=self.links(),
                    cut=chance.random() < 0.5,
                    cue_first=chance.random() < 0.5,
                )
            case 3:
                return Links(self.links())
            case 4:
                return Actions(tuple(Action(self.text(20), self.text()) for _ in range(chance.randrange(30))))
            case _:
                width = chance.randrange(1, 7)
                rows = [tuple(self.text(20) for _ in range(width)) for _ in range(chance.randrange(20))]
                return Fields(tuple(self.text() for _ in range(width)), tuple(rows))

    def message(self):
        return Message(tuple(self.block() for _ in range(self.chance.randrange(25))))

    def story(self, number):
        chance = self.chance
        articles, groups = [], []
        for place in range(chance.randrange(1, 5)):
            outlet = chance.choice(["Wire", "Closed", "Linked", self.text() or "Post"])
            here = article(
                number * 10 + place, outlet=outlet, title=self.text(20) or "Untitled", url=self.url()
            )
            articles.append(here)
            for _ in range(chance.randrange(5)):
                told = statement(
                    "x",
                    speaker=chance.choice(["Anna", "Boris", self.text()]),
                    cue=chance.choice(["said", "told", "according to", self.text()]),
                    role=chance.choice([None, self.text(20)]),
                    status_text=chance.choice([None, None, self.text()]),
                    relay=chance.choice([None, self.text()]),
                    audience=chance.choice([None, "reporters", self.text()]),
                    anonymous=chance.random() < 0.2,
                    confidence=0.9,
                )
                pieces = self.pieces()
                quoted = {piece.quoted for piece in pieces}
                kind = "mixed" if len(quoted) > 1 else "direct" if quoted == {True} else "indirect"
                told = replace(told, pieces=pieces, kind=kind)
                serial = len(groups) + 100 * number
                groups.append((stored(told, serial=serial, article_id=here.id, outlet=outlet, url=here.url),))
        told_of = story_of(number, tuple(articles), origins=chance.randrange(1, 4))
        return digest.StoryMaterial(told_of, told_of.articles, tuple(groups))

    def digest(self):
        whole = material(policies={"Closed": "headline", "Linked": "link"}, sides={"Anna": "ukraine"})
        stories = tuple(self.story(number) for number in range(1, self.chance.randrange(2, 9)))
        style = self.chance.choice(["who-said-what", "brief"])
        words = WORDS[self.chance.choice(["en", "uk"])]
        return digest.compose(replace(whole, stories=stories), style=style, words=words)


WORDS = {language: BotWords(language) for language in ("en", "uk")}
TEXTS = st.integers(0, 10**9).map(lambda seed: Inventor(seed).text())
URLS = st.integers(0, 10**9).map(lambda seed: Inventor(seed).url())
ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
OUR_LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\((https?://[^\s()<>\[\]]+)\)")


def shown(text):
    """What is left of a text for Discord's parser to act on: without our links, and without escaped marks."""
    return ESCAPED.sub("", OUR_LINK.sub(r"\1", text))


def harmless(text):
    bare = shown(text)
    assert not re.search(r"\w+://\S", bare), bare
    assert not re.search(r"<[@#/:t]", bare), bare
    assert not re.search(r"@(everyone|here)", bare, re.IGNORECASE), bare
    assert "](" not in bare, bare
    assert not re.search(r"discord(app)?\.(gg|com)", bare, re.IGNORECASE), bare
    assert not re.search(r"[`|]|~~|__", bare), bare


def within_limits(page):
    assert page.chars <= limits.PAGE_CHARS
    assert page.parts
    assert page.components <= limits.PAGE_COMPONENTS
    for part in page.parts:
        match part:
            case Words(text=text):
                assert text.strip()
                harmless(text)
            case Row(actions=actions):
                assert 1 <= len(actions) <= limits.ROW_BUTTONS
                assert all(0 < len(action.label) <= limits.BUTTON_LABEL for action in actions)
            case Rule():
                pass


@pytest.mark.parametrize("kind", ["digest", "message"])
def test_nothing_invented_ever_exceeds_a_limit_pings_or_links(kind):
    offset = 0 if os.environ.get("CI") else random.randrange(10**9)
    for seed in range(offset, offset + EXAMPLES):
        message = getattr(Inventor(seed), kind)()
        try:
            for page in pages(message):
                within_limits(page)
        except AssertionError as error:
            raise AssertionError(f"Inventor({seed}).{kind}(): {error}") from error


def test_hostile_titles_are_plain_words_and_lead_nowhere_but_to_their_articles():
    for seed in range(max(EXAMPLES, 200)):
        inventor = Inventor(seed)
        text, url = inventor.text(), inventor.url()
        line = block_text(Title(text, level=2, url=url))
        harmless(line)
        targets = [target for _, target in OUR_LINK.findall(line)]
        assert targets in ([], [address(url)]), seed


@settings(max_examples=60, deadline=None)
@given(st.one_of(MESSAGES, BLOCKS))
def test_a_statement_stands_whole_on_one_page_with_its_speaker_named(message):
    written = "\n".join(
        part.text for page in pages(message) for part in page.parts if isinstance(part, Words)
    )
    first_of_page = [page.parts[0].text for page in pages(message) if isinstance(page.parts[0], Words)]
    for block in named_again(message):
        if isinstance(block, Quotation) and printed(block.pieces):
            words = escape(printed(block.pieces, cut=block.cut), line_start=not block.cue_first)
            if len(words) < limits.BLOCK_CHARS // 2:
                assert words in written
    speaks = any(isinstance(block, Quotation) and block.speaker for block in message.blocks)
    if speaks and len(first_of_page) > 1:
        assert all(not text.startswith("> ") for text in first_of_page[1:])


@given(TEXTS)
def test_escaping_changes_no_letter(text):
    bare = escape(text).replace("\u200b", "")
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", bare) == plain(text).replace("\u200b", "")


@given(TEXTS, URLS)
def test_a_link_has_one_target_and_it_is_the_given_one(label, url):
    line = linked(label, url)
    assert len(OUR_LINK.findall(line)) == (1 if address(url) else 0)


def test_a_digest_on_a_phone_reads_as_intended():
    message = Message(
        (
            Title("Peace talks", aside="last 12 h"),
            Title("1. Envoys *leave*", level=2, number=1, aside="2 outlets", url="https://wire.example/a(b)"),
            Quotation(
                (Piece("We met.", quoted=True),),
                speaker="Anna Example",
                role="envoy",
                cue="told",
                to="reporters",
                links=(Link("Example Wire", "https://wire.example/1"),),
                status="not verified",
            ),
            Actions((Action("3 more statements", "story 1"),)),
            Text("searched 3 articles", tone="muted"),
        )
    )
    (page,) = pages(message)
    assert page.parts == (
        Words(
            "# Peace talks\n-# last 12 h\n"
            "## 1 · [1. Envoys \\*leave\\*](https://wire.example/a%28b%29)\n-# 2 outlets\n"
            "**Anna Example**, envoy, told reporters\n"
            "> “We met.”\n"
            "> -# [Example Wire](https://wire.example/1)\n"
            "> -# ⚠️ not verified"
        ),
        Row((Action("3 more statements", "story 1"),)),
        Words("-# searched 3 articles"),
    )


def test_a_further_statement_at_the_top_of_a_page_names_its_speaker_again():
    words = tuple(Quotation((Piece(f"{number} " + "word " * 90, quoted=True),)) for number in range(12))
    first = replace(words[0], speaker="Anna Example", role="envoy")
    shown_pages = pages(Message((Title("A topic"), first, *words[1:])))
    assert len(shown_pages) > 1
    assert all("**Anna Example**, envoy" in page.parts[0].text for page in shown_pages)


def test_a_headline_is_a_link_only_where_nothing_below_it_leads_to_its_article():
    here, there = "https://wire.example/1", "https://wire.example/2"
    told = Quotation((Piece("We met.", quoted=True),), speaker="Anna", links=(Link("Example Wire", here),))

    def headlines(*blocks):
        (page,) = pages(Message((Title("A topic"), *blocks)))
        return re.findall(r"^## (.*)$", page.parts[0].text, re.MULTILINE)

    assert headlines(Title("Envoys", level=2, url=here), told) == ["Envoys"]
    assert headlines(Title("Envoys", level=2, url=there), told) == [f"[Envoys]({there})"]
    assert headlines(Title("Envoys", level=2, url=here)) == [f"[Envoys]({here})"]
    # What leads there below another story's headline is another story's.
    second = Title("Boats", level=2, url=there)
    assert headlines(Title("Envoys", level=2, url=here), second, told)[0] == f"[Envoys]({here})"


def test_further_statements_from_the_same_place_stand_in_one_quote_above_one_source():
    wire = (Link("Example Wire", "https://wire.example/1"),)
    first = Quotation((Piece("We met.", quoted=True),), speaker="Anna", links=wire)
    second = Quotation((Piece("We part.", quoted=True),), links=wire)
    elsewhere = Quotation((Piece("No.", quoted=True),), links=(Link("Post", "https://post.example/1"),))
    doubted = replace(first, status="not verified")
    link = "> -# [Example Wire](https://wire.example/1)"
    (page,) = pages(Message((first, second, elsewhere)))
    assert page.parts[0].text == (
        f"**Anna**\n> “We met.”\n> “We part.”\n{link}\n\n> “No.”\n> -# [Post](https://post.example/1)"
    )
    (page,) = pages(Message((doubted, second)))
    assert page.parts[0].text.count(link) == 2, "what is said about one is not said about both"


def test_wherever_a_page_is_cut_each_statement_has_its_source_below_it():
    links = (Link("Example Wire", "https://wire.example/1"),)
    for length in range(60, 400, 7):
        told = [Quotation((Piece(f"{n} " + "w" * length, quoted=True),), links=links) for n in range(40)]
        told[0] = replace(told[0], speaker="Anna Example")
        for page in pages(Message((Title("A topic"), *told))):
            assert page.chars <= limits.PAGE_CHARS
            assert page.parts[-1].text.endswith("> -# [Example Wire](https://wire.example/1)")
