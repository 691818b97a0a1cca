"""A store to test: in a file, and in memory where it must make no difference."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store.sql_store import SqlStore


@pytest.fixture(params=["file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    path = tmp_path / "onrecord.db" if request.param == "file" else ":memory:"
    async with SqlStore.open(path) as opened:
        yield opened


@pytest.fixture
async def file_store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with SqlStore.open(tmp_path / "onrecord.db") as opened:
        yield opened
