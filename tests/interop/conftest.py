"""One running server for all of these tests: other people's clients, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import Live, live_server
from tests.support.person import Person
from tests.support.programs import npm_packages

HERE = Path(__file__).parent / "node"
# The one private address that the server may reach: an upstream provider's. Clients, on 127.0.0.1, are not reached.
ELSEWHERE = "127.0.0.2"


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with live_server(OUTBOUND_ALLOW=f"{ELSEWHERE}/32") as server:
        yield server


@pytest.fixture
def person() -> Iterator[Person]:
    somebody = Person()
    yield somebody
    somebody.browser.close()


@pytest.fixture(scope="session")
def node() -> str:
    """The program; the packages that the lock file pins are installed."""
    return npm_packages(HERE)


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib and Authlib refuse http unless told that this is a development machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
