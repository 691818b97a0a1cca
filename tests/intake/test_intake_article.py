"""HTML page → article text."""

import gzip
import json
import os
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.intake.article import extract

URL = "https://wire.example/news/envoys"
BODY = """
SAMPLETOWN — The invented envoy Anna Example said on Monday that talks would go on. “We agreed to meet again,” she \
told reporters. “We did not agree on anything else.”

Her counterpart, Ben Sample, called the draft „thin“ and «premature», and said that 'nothing' had been signed by \
either of the two delegations in the city.

A third official, who asked not to be named, said: "There is no text. There are two texts, and nobody has read both \
of them from beginning to end."

The talks began in March and have been interrupted twice, according to a schedule published by the hosts of the \
meeting on their own site last week.
""".strip().split("\n\n")


def page(paragraphs=BODY, head="", before="", after="", lang="en-GB"):
    text = "".join(f"<p>{words}</p>" for words in paragraphs)
    return f"""<!DOCTYPE html><html lang="{lang}"><head><title>Envoys agree to meet again | Example Wire</title>{head}
      </head><body><nav><a href="/">Home</a><a href="/world">World</a></nav><main><article>
      <h1>Envoys agree to meet again</h1>{before}{text}{after}</article></main>
      <footer><p>Copyright Example Wire. All rights reserved.</p></footer></body></html>""".encode()


def test_paragraphs_and_quotation_marks_come_out_exactly():
    found = extract(page(), url=URL)
    assert found.text.split("\n\n") == BODY
    assert (found.title, found.language) == ("Envoys agree to meet again", "en-gb")


def test_headings_captions_and_embedded_posts_are_left_out():
    found = extract(
        page(
            before="<figure><img src='x.jpg'><figcaption>The invented envoy arrives.</figcaption></figure>",
            after="<h2>What comes next</h2><blockquote class='twitter-tweet'><p>A post by somebody else entirely</p>"
            "</blockquote><p>Read more: Another story of ours</p><p>The invented talks resume on Friday in the same "
            "hall, the hosts said, if both sides come.</p>",
        ),
        url=URL,
    )
    assert found.text.split("\n\n")[:4] == BODY
    assert found.text.endswith("if both sides come.")
    for absent in ("arrives", "What comes next", "somebody else", "Another story", "Copyright"):
        assert absent not in found.text


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:published_time" content="2031-05-12T09:00:00+03:00">',
        '<script type="application/ld+json">{"datePublished": "2031-05-12T06:00:00Z"}</script>',
        '<script type="application/ld+json">{broken, "datePublished": "2031-05-12T06:00:00.000Z"</script>',
    ],
)
def test_the_printed_time_of_publication_is_an_instant(head):
    assert extract(page(head=head), url=URL).published_at == datetime(2031, 5, 12, 6, tzinfo=UTC)


def test_a_day_without_a_time_is_no_instant():
    head = '<meta property="article:published_time" content="2031-05-12">'
    assert extract(page(head=head), url=URL).published_at is None


def test_the_author_is_named():
    assert extract(page(head='<meta name="author" content="Anna Example">'), url=URL).author == "Anna Example"


def test_the_servers_charset_counts():
    body = page(
        ["Вигаданий посланець заявив, що переговори триватимуть у середу, — повідомили організатори. " * 4]
        * 3
    )
    found = extract(body.decode().encode("cp1251"), url=URL, content_type="text/html; charset=windows-1251")
    assert found.text.startswith("Вигаданий посланець заявив")


def shell(words):
    return f"<html><title>x</title><body><div><p>{words}</p><p>One moment.</p></div></body></html>".encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n", "an image"),
        (b"just words", ""),
        (shell("Please enable JavaScript to view this site."), "JavaScript"),
        (shell("Subscribe now to continue reading. Already a subscriber? Sign in."), "paywall"),
        (shell("We and our 812 partners use cookies. Accept all cookies."), "cookies"),
        (shell("Checking your browser. Verify you are human."), "robot check"),
        (shell("Nothing to see."), "no article text"),
    ],
)
def test_a_page_without_an_article_says_what_it_shows(body, words):
    with pytest.raises(ValueError, match=r".+; .+") as told:
        extract(body, url=URL)
    assert words in str(told.value).partition("; ")[0]


def test_an_article_about_paywalls_is_an_article():
    words = (
        "The invented publisher said readers must subscribe to continue, and nobody was surprised by that. "
    )
    assert words.strip() in extract(page([words * 5, words * 4]), url=URL).text


@pytest.mark.skipif("ONRECORD_DATA" not in os.environ, reason="set ONRECORD_DATA to a folder of real pages")
def test_real_pages_are_read_as_people_read_them():
    folder = Path(os.environ.get("ONRECORD_DATA", "")) / "pages"
    scores = []
    for path in sorted(folder.glob("*.html.gz")):
        text = extract(gzip.decompress(path.read_bytes()), url=URL).text
        truth = json.loads((folder / (re.sub(r"_\d{4}_.*", "", path.name) + ".truth.json")).read_text())
        bodies = (version["body"] for version in truth.values())
        scores.append(max(_f1(text, body) for body in bodies))
    assert sum(scores) / len(scores) > 0.93


def _f1(text, body):
    printed = [*body["summary"], *(words for section in body["sections"] for words in section["paragraphs"])]
    found, wanted = (Counter(re.findall(r"\w+", words.lower())) for words in (text, " ".join(printed)))
    return 2 * (found & wanted).total() / (found.total() + wanted.total())
