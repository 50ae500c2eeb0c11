"""One running server for all of these tests: other people's clients, unmodified."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import Live, live_server
from tests.support.person import Person

HERE = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    with live_server() as server:
        yield server


@pytest.fixture
def person() -> Iterator[Person]:
    somebody = Person()
    yield somebody
    somebody.browser.close()


@pytest.fixture(scope="session")
def node() -> str:
    """The program; the packages that the lock file pins are installed."""
    program = shutil.which("node")
    if program is None:
        pytest.fail("node is missing: apt install nodejs npm")
    mark = HERE / "node_modules" / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-progress"], cwd=HERE, check=True, capture_output=True, timeout=300)
        mark.touch()
    return program


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """oauthlib and Authlib refuse http unless told that this is a development machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
