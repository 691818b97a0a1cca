"""The three doors with the real work behind them: a feed, a page and a text, invented, through real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bot.model import Reading
from bot.runtime.workers import Workers
from bot.settings import Settings

ROOT = Path(__file__).parents[2]

FEED = b"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Example Wire</title><link>http://wire.example/</link>
<item><guid>w-1</guid><title>Envoys meet in Sampleton</title><link>http://wire.example/1</link>
<description>They meet again on Friday.</description></item>
<item><guid>w-2</guid><title>Second</title><link>http://wire.example/2</link></item>
</channel></rss>"""

SENTENCE = "“We agreed to meet again,” Anna Example, the deputy foreign minister of Examplia, said on Monday."

PAGE = f"""<!doctype html><html lang="en"><head><title>Envoys meet in Sampleton</title></head><body><article>
<h1>Envoys meet in Sampleton</h1>
<p>{SENTENCE}</p>
<p>The envoys had come to the town on Sunday, and they stayed for two days and one long night of talks.</p>
<p>Nothing was signed, and nobody expected that anything would be; the rooms had been booked for a week.</p>
</article></body></html>""".encode()


@pytest.fixture
async def workers():
    async with Workers(Settings()) as doors:
        yield doors


async def test_a_feed_is_parsed_in_a_worker(workers):
    data = await workers.parse_feed(FEED, url="http://wire.example/rss", content_type="application/rss+xml")
    assert (data.title, [entry.guid for entry in data.entries]) == ("Example Wire", ["w-1", "w-2"])


async def test_the_configured_number_of_entries_is_kept():
    items = b"".join(b"<item><guid>%d</guid><title>t</title></item>" % number for number in range(20))
    body = FEED.replace(b"</channel>", items + b"</channel>")
    async with Workers(Settings(polling={"max_entries": 10})) as workers:
        data = await workers.parse_feed(body, url="http://wire.example/rss", content_type="")
    assert len(data.entries) == 10


async def test_what_is_no_feed_is_a_value_error_with_cause_and_next_step(workers):
    with pytest.raises(ValueError, match=r".+; .+"):
        await workers.parse_feed(PAGE, url="http://wire.example/rss", content_type="text/html")


async def test_a_page_is_extracted_in_a_worker(workers):
    page = await workers.read_page(PAGE, url="http://wire.example/1", content_type="text/html; charset=utf-8")
    assert SENTENCE in page.text


async def test_a_page_without_an_article_is_a_value_error(workers):
    with pytest.raises(ValueError, match=r".+; .+"):
        await workers.read_page(
            b"%PDF-1.7 ...", url="http://wire.example/1.pdf", content_type="application/pdf"
        )


async def test_a_text_is_read_in_a_worker(workers):
    text = f"Envoys meet in Sampleton\n\n{SENTENCE}"
    reading = await workers.read(text, body_at=26, language="en")
    assert isinstance(reading, Reading)
    (statement,) = [one for one in reading.statements if not one.headline]
    assert statement.speaker == "Anna Example"
    assert "".join(text[start:end] for start, end in statement.cue) == "said"


async def test_a_missing_language_model_is_told_in_words():
    async with Workers(Settings(reading={"spacy_model": "no_such_pipeline"})) as workers:
        with pytest.raises(RuntimeError, match="no_such_pipeline"):
            await workers.read(SENTENCE, language="en")


PROGRAM = textwrap.dedent("""
    import asyncio, json, sys
    from bot.runtime.workers import Workers
    from bot.settings import Settings
    from tests.runtime.test_runtime_doors import FEED, PAGE, SENTENCE

    async def main():
        before = set(sys.modules)
        async with Workers(Settings()) as workers:
            await workers.parse_feed(FEED, url="http://wire.example/rss", content_type="")
            await workers.read_page(PAGE, url="http://wire.example/1", content_type="text/html")
            await workers.read(SENTENCE, language="en")
        print(json.dumps(sorted(set(sys.modules) - before)))

    if __name__ == "__main__":
        asyncio.run(main())
""")


def test_results_bring_no_library_into_the_main_process(tmp_path):
    """Pickled values name the modules of their types: a text of lxml's own string type would load lxml here."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"spacy", "thinc", "numpy", "feedparser", "trafilatura", "lxml"}
    assert not [name for name in json.loads(done.stdout) if name.startswith(("bot.intake", "bot.language"))]
