"""One furnished house, one browser and one provider elsewhere for the journeys that share them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pages import Stage, stage


@pytest.fixture(scope="session")
def house() -> Iterator[Stage]:
    """See ``tests.support.pages``."""
    with stage() as set_out:
        yield set_out
