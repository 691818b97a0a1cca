"""The invented articles: all invented, consistently dated, and with everything the demo is to show."""

import re
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sample.serve import DIGEST_AT, POLL_TIMES
from bot.sample.world import SampleArticle, Wording, World, load_world

CAST = tomllib.loads((Path(__file__).parent / "cast.toml").read_text(encoding="utf-8"))
_MID_SENTENCE_NAME = re.compile(r"(?<=[a-zé,;)] )[A-Z][\w-]+")


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


def _english(world: World) -> list[tuple[SampleArticle, Wording]]:
    ukrainian = {one.outlet.name for one in world.outlets if one.outlet.language == "uk"}
    return [(a, w) for a in world.articles if a.outlet not in ukrainian for w in a.wordings]


def _by_slug(world: World, slug: str) -> list[SampleArticle]:
    return [article for article in world.articles if article.slug == slug]


def test_there_are_enough_outlets_articles_and_kinds(world):
    outlets = [one.outlet for one in world.outlets]
    assert len(outlets) >= 5
    assert "uk" in {outlet.language for outlet in outlets}
    assert {"official", "state", "independent"} <= {outlet.ownership for outlet in outlets}
    assert {one.format for one in world.outlets} == {"rss", "atom", "rdf", "html"}
    assert any(one.full_content for one in world.outlets)
    assert len({article.slug for article in world.articles}) >= 20


def test_no_real_person_in_public_life_is_named_anywhere(world):
    text = " ".join(
        f"{article.author} {article.caption} {words.title} {words.summary} {words.body}".lower()
        for article in world.articles
        for words in article.wordings
    )
    found = [name for name in CAST["never"] if re.search(rf"\b{name}", text)]
    assert found == []


def test_every_name_within_a_sentence_is_on_the_closed_list_of_invented_names(world):
    listed = [CAST[part] for part in ("people", "places_and_bodies", "titles", "frame", "other")]
    words_known = {word for part in listed for name in part for word in name.split()}
    strangers = {
        (article.slug, word)
        for article, words in _english(world)
        for word in _MID_SENTENCE_NAME.findall(f"{words.summary}\n{words.body}")
        if word not in words_known
    }
    assert strangers == set()


def test_every_byline_is_on_the_closed_list(world):
    assert {article.author for article in world.articles} <= set(CAST["bylines"])


def test_the_closed_list_names_nobody_who_does_not_appear(world):
    text = " ".join(words.body for article in world.articles for words in article.wordings)
    stems = {name: name.split()[-1].removesuffix("а").removesuffix("о") for name in CAST["people"]}
    assert [name for name, stem in stems.items() if stem not in text] == []


def test_every_speaker_with_a_side_is_on_the_closed_list_and_speaks(world):
    text = world_text(world)
    for speaker in world.speakers:
        assert speaker.name in (*CAST["people"], *CAST["places_and_bodies"])
        assert set(speaker.spellings) <= set(CAST["people"])
        assert speaker.side in {"ukraine", "russia", "europe", "international", "other"}
        assert speaker.name in text
    assert {"ukraine", "russia", "international"} <= {speaker.side for speaker in world.speakers}


def test_the_outlet_that_had_the_wire_text_first_is_polled_before_those_that_copied_it(world):
    wire, *copies = _by_slug(world, "envoys-leave")
    seen = [next(at for at in POLL_TIMES if at >= article.published_at) for article in (wire, *copies)]
    assert seen[0] < min(seen[1:])


def test_articles_are_of_a_readable_length(world):
    lengths = {
        (article.outlet, article.slug): len(article.wordings[-1].body.split())
        for article in world.articles
        if article.slug != "envoys-leave"
    }
    assert {key: n for key, n in lengths.items() if not 120 <= n <= 350} == {}


def test_everything_happens_on_the_three_invented_days_before_the_last_poll(world):
    first, last = datetime(2031, 5, 12, tzinfo=UTC), POLL_TIMES[-1]
    for article in world.articles:
        for words in article.wordings:
            assert first <= words.since < last, (article.outlet, article.slug)


def test_weekdays_in_the_texts_fit_the_invented_dates(world):
    """12 May 2031 is a Monday: a text may say Monday from then on, Tuesday from the 13th, Wednesday from the 14th."""
    came = {"Tuesday": 13, "Wednesday": 14}
    for article, words in _english(world):
        for weekday, day in came.items():
            if re.search(rf"\b(?:on|On|late on) {weekday}\b", words.body) and words.since.day < day:
                future = re.search(rf"(?:before|until|set for|medicine on) {weekday}", words.body)
                assert future, (article.slug, weekday)


def test_polls_rise_and_the_digest_comes_after_the_last():
    assert list(POLL_TIMES) == sorted(set(POLL_TIMES))
    assert POLL_TIMES[0] == datetime(2031, 5, 12, 6, tzinfo=UTC)
    assert POLL_TIMES[-1] == datetime(2031, 5, 14, 8, tzinfo=UTC)
    assert POLL_TIMES[-1] < DIGEST_AT


def test_every_feed_has_a_few_old_entries_at_the_first_poll_and_more_at_the_last(world):
    for one in world.outlets:
        if one.format == "html":
            continue
        at_first, at_last = (len(world.shown(one, at)) for at in (POLL_TIMES[0], POLL_TIMES[-1]))
        assert at_first <= 2, one.outlet.name
        assert at_last >= 2, one.outlet.name
    assert sum(len(world.shown(one, POLL_TIMES[0])) for one in world.outlets) >= 5


def test_one_wire_text_stands_in_three_outlets_once_cut_short(world):
    wire, *copies = _by_slug(world, "envoys-leave")
    whole, short = sorted((copy.wordings[0].body for copy in copies), key=len, reverse=True)
    assert whole == wire.wordings[0].body
    assert wire.wordings[0].body.startswith(short)
    assert len(short) < len(whole) / 2
    assert len({article.wordings[0].title for article in (wire, *copies)}) == 3


def test_one_entry_is_edited_between_the_first_and_the_second_poll(world):
    edited = [article for article in world.articles if len(article.wordings) > 1]
    assert len(edited) == 1
    before, after = (edited[0].wording(at) for at in POLL_TIMES[:2])
    assert "kill two" in before.title
    assert "kill five" in after.title
    assert "three more bodies" in after.body


def test_a_claim_and_its_denial_an_anonymous_relay_a_split_quotation_and_status_words_are_there(world):
    claim, denial = (_by_slug(world, slug)[0] for slug in ("vyhadane-claim", "vyhadane-denial"))
    assert claim.published_at < denial.published_at
    assert "denied" in denial.wordings[0].body
    first, relay = (_by_slug(world, slug)[0] for slug in ("thin-draft", "draft-relay"))
    assert first.published_at < relay.published_at
    assert "told Example Times" in relay.wordings[0].body
    assert "according to Example Times" in relay.wordings[0].body
    split = re.search(r"“[^”]+,” Anna Example, .*? told reporters at the gate\. “", world_text(world))
    assert split
    statuses = Counter(re.findall(r"could not be independently (verified|confirmed)", world_text(world)))
    assert statuses["verified"] >= 3
    assert statuses["confirmed"] >= 1


def test_one_article_has_nothing_to_do_with_the_war(world):
    (review,) = _by_slug(world, "restaurant")
    text = f"{review.wordings[0].title} {review.wordings[0].summary} {review.wordings[0].body}".lower()
    assert "kyiv" in text
    assert not re.search(r"\b(war|russia|ukraine|missile|drone|troops|ceasefire|front)", text)


def test_both_curly_and_straight_and_british_quotation_marks_are_used(world):
    text = world_text(world)
    for pattern in ('"[A-Z]', "“[A-Z]", "‘[A-Z]", "«[А-ЯІЇЄ]"):
        assert len(re.findall(pattern, text)) > 5, pattern


def world_text(world: World) -> str:
    return "\n\n".join(words.body for article in world.articles for words in article.wordings)
