"""The example relying party, as its README says: in a real browser, against a running server, with the demo client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import chromium
from tests.support.examples import RELYING_PARTY, running
from tests.support.live import EMAIL, PASSWORD, USERNAME, Live, live_server
from tests.support.services import free_port

pytestmark = pytest.mark.browser


@dataclass
class Example:
    """Where the application is, and a browser in front of it."""

    address: str
    live: Live
    page: Page


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server() as server:
        yield server


@pytest.fixture
def example(live: Live) -> Iterator[Example]:
    port = free_port()
    client = live.client(
        client_name="Example application",
        grant_types=["authorization_code", "refresh_token"],
        redirect_uris=[f"http://127.0.0.1:{port}/callback"],
        post_logout_redirect_uris=[f"http://127.0.0.1:{port}/"],
    )
    given = {"CLIENT_ID": client["client_id"], "CLIENT_SECRET": client["client_secret"]}
    with running(RELYING_PARTY, live.issuer, port, live.folder, **given) as address, chromium() as browser:
        context = browser.new_context()
        yield Example(address, live, context.new_page())
        context.close()


def rows(page: Page, part: str) -> dict[str, str]:
    """A table of the page."""
    cells = page.locator(f"#{part} tr").evaluate_all(
        "rows => rows.map(r => [r.cells[0].innerText, r.cells[1].innerText])"
    )
    return dict(cells)


def test_log_in_refresh_and_log_out(example: Example) -> None:
    """OpenID Connect Core §3.1, RFC 6749 §6, RP-Initiated Logout §2: a person's whole way."""
    page, issuer = example.page, example.live.issuer
    page.goto(example.address)
    page.click("#login")
    expect(page.locator("main")).to_contain_text("Sign in")
    assert page.url.startswith(issuer)
    page.fill("#id_login", USERNAME)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")

    expect(page.locator("main")).to_contain_text("Example application")
    page.click("#id_allow")
    page.wait_for_url(f"{example.address}/")
    expect(page.locator("h1")).to_have_text("Hello, Alice Example")
    claims, userinfo = rows(page, "id-token"), rows(page, "userinfo")
    assert claims["iss"] == issuer
    assert claims["sub"] == userinfo["sub"]
    assert userinfo["email"] == EMAIL
    assert "offline_access" in page.inner_text("#scope")

    page.click("#refresh")
    expect(page.locator("#refreshes")).to_have_text("1")
    page.click("#refresh")
    expect(page.locator("#refreshes")).to_have_text("2")

    page.click("#logout")
    if page.locator("#id_logout").count():
        page.click("#id_logout")
    expect(page.locator("#signed-out")).to_have_text("You are signed out")
    assert page.url.startswith(example.address)
    page.goto(f"{issuer}/account/")
    assert "/account/login/" in page.url


def test_a_person_who_says_no_comes_back_too(example: Example) -> None:
    """RFC 6749 §4.1.2.1."""
    page = example.page
    page.goto(example.address)
    page.click("#login")
    page.fill("#id_login", USERNAME)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")
    page.click("#id_deny")
    expect(page.locator("#error")).to_have_text("access_denied")
    assert page.url.startswith(example.address)


def test_an_answer_of_another_issuer_is_not_taken(example: Example) -> None:
    """RFC 9207 §2.4."""
    answer = httpx2.get(
        f"{example.address}/callback", params={"code": "x", "state": "y", "iss": "https://evil.example"}
    )
    assert answer.status_code == 400
    assert "mix_up" in answer.text


def test_it_finds_the_demo_client_by_itself(live: Live, tmp_path: Path) -> None:
    """``make example`` needs no settings after ``make run``."""
    port = free_port()
    clients: list[dict[str, Any]] = [
        {"client_id": "demo-service", "client_secret": "s"},
        {"client_id": "demo-app", "client_secret": "s", "redirect_uris": [f"http://127.0.0.1:{port}/callback"]},
    ]
    (tmp_path / "demo.json").write_text(json.dumps({"demo": {"clients": clients}}))
    program = f"import runpy; print(runpy.run_path({str(RELYING_PARTY)!r})['client_id'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "PORT": str(port)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "demo-app", done.stderr
