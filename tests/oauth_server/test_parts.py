"""The profile of a request (``python -m bench.where``) gives each moment to the part whose function is at work."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from bench.parts import PARTS, REST, part_of
from tests.support.budgeted import BUDGETED, Workshop

pytest_plugins = ["tests.support.workshop"]
# What happens once a second, or in another thread, or without a function of its own.
NOT_EACH_TIME = {"clients and keys: have they changed", "verifying"}


@pytest.mark.django_db
def test_every_part_takes_part_in_a_refresh_and_little_belongs_to_none(workshop: Workshop) -> None:
    """A file that was renamed would leave its part empty, and the rest would grow."""
    BUDGETED["request: refresh"](workshop)()
    do = BUDGETED["request: refresh"](workshop)
    seen: Counter[str] = Counter()
    sys.setprofile(lambda frame, event, _: seen.update([part_of(frame)]) if event == "call" else None)
    try:
        do()
    finally:
        sys.setprofile(None)
    assert PARTS.keys() - NOT_EACH_TIME <= seen.keys()
    assert seen[REST] < seen.total() / 10
