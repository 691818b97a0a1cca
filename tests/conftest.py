"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A busy machine is no failure: no test here asserts how long something took, nor may hypothesis. Where CI is set, the
# same examples are tried each time, so that a change is judged by itself; everyday runs go on looking for new ones.
settings.register_profile("onrecord", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("onrecord")


@pytest.fixture(autouse=True)
def fresh_logging() -> Iterator[None]:
    """A program that a test ran may have set up logging for itself; the next test starts as if none had."""
    yield
    structlog.reset_defaults()
