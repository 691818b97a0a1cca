"""What the process tests share."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.discord_wire import stored


@pytest.fixture(scope="session")
def sample_world(tmp_path_factory) -> Path:
    """A database with sample articles, read by the bot itself."""
    return asyncio.run(stored.read_world(tmp_path_factory.mktemp("world")))
