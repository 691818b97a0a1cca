"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A busy machine is no failure: no test here asserts how long something took, nor may hypothesis.
settings.register_profile("onrecord", deadline=None)
settings.load_profile("onrecord")


@pytest.fixture(autouse=True)
def fresh_logging() -> Iterator[None]:
    """A program that a test ran may have set up logging for itself; the next test starts as if none had."""
    yield
    structlog.reset_defaults()
