"""The news items that gold labels speak of: found again by hash, because no headline is kept in the project."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import html
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

GOLD = Path(__file__).parent / "gold"
FILES = ("rss-2026-01-01-to-04.jsonl.gz", "rss-2022-02-03.jsonl.gz")
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Headline:
    """An item of a feed as plain text."""

    title: str
    summary: str
    language: str
    seen_at: datetime


def folder_from_arguments(about: str | None) -> Path:
    """Return the data folder given on the command line, or ``ONRECORD_DATA``."""
    arguments = argparse.ArgumentParser(description=about)
    arguments.add_argument("folder", nargs="?", type=Path, help="the folder that holds news/")
    return arguments.parse_args().folder or Path(os.environ["ONRECORD_DATA"])


def labels(name: str) -> list[dict[str, Any]]:
    """Read the gold labels of one benchmark."""
    return [json.loads(line) for line in (GOLD / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def by_hash(folder: Path) -> dict[str, Headline]:
    """Read every item of the feeds, by the SHA-256 of its title, a line break and its link as published."""
    found: dict[str, Headline] = {}
    for file in FILES:
        with gzip.open(folder / "news" / file, "rt", encoding="utf-8") as lines:
            for item in map(json.loads, lines):
                key = hashlib.sha256(f"{item['title']}\n{item['link']}".encode()).hexdigest()
                seen_at = datetime.fromisoformat(item.get("first_seen") or item["published"])
                found[key] = Headline(
                    _plain(item["title"]), _plain(item["summary"]), item["lang"] or "", seen_at
                )
    return found


def _plain(text: str | None) -> str:
    return re.sub(r"\s+", " ", html.unescape(_TAG.sub(" ", text or ""))).strip()
