"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no failure: no test here asserts how long something took, nor may hypothesis.
settings.register_profile("onrecord", deadline=None)
settings.load_profile("onrecord")
