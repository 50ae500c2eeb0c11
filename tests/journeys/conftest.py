"""One furnished house, one browser and one provider elsewhere for the journeys that share them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.support.pages import Stage, stage


@pytest.fixture(scope="session")
def house() -> Iterator[Stage]:
    """See ``tests.support.pages``."""
    with stage(AXE_SCRIPT) as set_out:
        yield set_out
