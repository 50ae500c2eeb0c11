"""The tutorial, done as it says."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support import documents
from tests.support.live import Live, live_server
from tests.support.person import Person
from tests.support.programs import program
from tests.support.services import free_port

PAGE = Path("docs/tutorial/log-in-with-gatehouse.md")


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server() as server:
        yield server


@pytest.fixture
def app(live: Live, tmp_path: Path) -> Iterator[str]:
    """The application of the tutorial, registered as it says; its address."""
    port = free_port()
    replaced = {"http://127.0.0.1:8000": live.issuer, "http://127.0.0.1:5050": f"http://127.0.0.1:{port}"}
    documents.run(PAGE, tmp_path, live.environment, replaced)
    documents.files(PAGE, tmp_path, replaced)
    client = json.loads((tmp_path / "client.json").read_text("utf-8"))
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "CLIENT_ID": client["client_id"],
        "CLIENT_SECRET": client["client_secret"],
    }
    with program([sys.executable, "app.py"], port, tmp_path / "app.log", environment, tmp_path):
        yield f"http://127.0.0.1:{port}"


def test_a_person_logs_in_is_greeted_and_logs_out(app: str) -> None:
    """OpenID Connect Core §3.1, RP-Initiated Logout §2; the second time nobody asks for consent (Core §3.1.2.4)."""
    person = Person()
    for pressed in (["login", "id_submit", "id_allow"], ["login", "id_submit"]):
        person.pressed.clear()
        person.go(f"{app}/", press=("login", "id_allow"))
        assert "Hello, Alice Example!" in person.page.text
        assert person.pressed == pressed
        person.go(f"{app}/", press=("logout", "id_logout"))
        assert "Log in with Gatehouse" in person.page.text
    person.browser.close()


def test_an_answer_of_somebody_else_is_not_taken(app: str) -> None:
    """RFC 9207 §2.4."""
    answer = httpx2.get(f"{app}/callback", params={"code": "x", "state": "y", "iss": "https://evil.example"})
    assert answer.status_code == 400
