"""One running server for all of these tests: other people's clients, unmodified."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.live import Live, live_server
from tests.support.person import Person


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with live_server() as server:
        yield server


@pytest.fixture
def person() -> Iterator[Person]:
    somebody = Person()
    yield somebody
    somebody.browser.close()
