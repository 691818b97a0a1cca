"""The replay driver takes invented feeds through the whole bot and accounts for every item."""

import gzip
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks import replay
from benchmarks.replay_server import PAGES_FILE, RSS_FILE

TALKS = (
    "Ukraine and Russia agreed to talk about a ceasefire, Anna Example said on Monday.\n\n"
    "“The war must end at this table,” Anna Example, a negotiator of Ukraine, told reporters. "
    "Russia’s negotiator, Pavel Primerov, said that Russian troops would wait for the peace talks to begin."
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    items = [
        {
            "feed_url": "https://sample.example/rss",
            "feed_title": "Sample",
            "lang": "en",
            "title": f"Russia and Ukraine argue about item {number} of a ceasefire",
            "link": f"https://sample.example/item/{number}",
            "summary": f"Anna Example said item {number} of the Ukraine peace talks was settled.",
            "author": None,
            "published": None,
            "first_seen": (replay.START + timedelta(minutes=10 * number)).isoformat(),
        }
        for number in range(9)
    ]
    page = {"id": "one", "seen": "20260102T000000Z", "outlet_country": "XX", "text": TALKS}
    for name, rows in ((RSS_FILE, items), (PAGES_FILE, [page])):
        with gzip.open(tmp_path / name, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return tmp_path


@pytest.mark.slow
async def test_a_short_replay_stores_every_item_once_and_ends_in_a_digest(folder, tmp_path, capsys):
    await replay.run_replay(folder, tmp_path / "replay.db", 1)
    printed = capsys.readouterr().out
    rows = dict(re.findall(r"^\| (.+?) +\| (\d+ +\| \d+) +\|$", printed, re.MULTILINE))
    counts = {name: tuple(int(number) for number in cells.split("|")) for name, cells in rows.items()}
    assert counts["items exposed"] == counts["entries stored"]
    assert counts["items exposed"][1] == 1
    assert counts["items exposed"][0] in (6, 7)
    assert counts["twice"] == counts["lost"] == counts["never exposed"] == (0, 0)
    assert counts["statements"][1] >= 2
    assert "“The war must end at this table”" in printed
