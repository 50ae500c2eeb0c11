"""A developer's first hour, and an operator's look at it: in a real browser; what the portal prints is pasted and works."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import Watch, chromium
from tests.support.live import EMAIL, PASSWORD, USERNAME, Live, live_server

pytestmark = pytest.mark.browser

CALLBACK = "http://127.0.0.1:1/callback"
ADMIN = (
    "", "identity/user/", "identity/loginsession/", "auth/group/", "auth/group/add/", "oauth_server/client/",
    "oauth_server/client/add/", "oauth_server/tokenfamily/", "oauth_server/refreshtoken/", "oauth_server/accesstoken/",
    "oauth_server/authorizationcode/", "oauth_server/consent/", "oauth_server/signingkey/", "oauth_server/signingkey/rotate-now/",
    "oauth_server/auditevent/", "oauth_server/outboxmessage/",
)  # fmt: skip


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server(REGISTRATION_SCOPES="reports:read reports:write") as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def watch(live: Live) -> Iterator[Watch]:
    """Nothing on any page is refused by its policy, and nothing is asked of anybody else."""
    watching = Watch(live.issuer)
    yield watching
    assert not watching.complaints
    assert not [url for url in watching.strangers if not url.startswith(CALLBACK)]


def developer(watch: Watch, browser: Browser, live: Live, *, scripts: bool = True) -> Page:
    """Alice, signed in."""
    page = watch.page(browser, java_script_enabled=scripts)
    page.goto(f"{live.issuer}/portal/")
    page.fill("#id_login", USERNAME)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")
    page.wait_for_url(f"{live.issuer}/portal/")
    return page


def paste(*snippets: str) -> str:
    """What a shell prints when the lines are pasted into it."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail"], input="\n".join(snippets), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_service_is_registered_without_scripts_and_its_printed_secret_gets_a_token(
    live: Live, browser: Browser, watch: Watch
) -> None:
    """RFC 6749 §4.4, RFC 7662 §2."""
    page = developer(watch, browser, live, scripts=False)
    page.click("#id_new")
    page.click("#id_kind_service")
    page.fill("#id_name", "Nightly report")
    page.check("text=reports:read")
    page.check("text=reports:write")
    page.click("#id_submit")
    client_id, secret = page.inner_text("#client_id"), page.inner_text("#client_secret")
    token, introspect = page.inner_text("#id_snippet_token"), page.inner_text("#id_snippet_introspect")

    answer = httpx2.post(
        f"{live.issuer}/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    ).json()
    assert answer["token_type"] == "Bearer"
    assert answer["access_token"]

    printed = paste(token, introspect).splitlines()
    facts = json.loads(printed[1])
    assert printed[0].count(".") == 2
    assert (facts["active"], facts["client_id"], facts["scope"]) == (True, client_id, "reports:read reports:write")

    page.reload()
    assert secret not in page.content()
    page.click("text=To the application")
    assert "YOUR_CLIENT_SECRET" in page.inner_text("#id_snippet_token")
    assert secret not in page.content()

    page.click("#id_rotate")
    second = page.inner_text("#client_secret")
    for working in (secret, second):
        assert httpx2.post(
            f"{live.issuer}/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, working)
        ).is_success
    page.click("text=I have stored it")
    page.click("#id_end_former")
    refused = httpx2.post(
        f"{live.issuer}/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    )
    assert refused.json()["error"] == "invalid_client"
    page.goto(page.url + "activity/")
    assert "The credential is wrong" in page.inner_text("main")


def test_the_printed_authlib_lines_sign_a_person_in_and_the_person_takes_it_back(
    live: Live, browser: Browser, watch: Watch
) -> None:
    """OpenID Connect Core §3.1, RFC 7636; the answer of an application whose consent is gone is 401 (RFC 6750 §3.1)."""
    page = developer(watch, browser, live)
    page.goto(f"{live.issuer}/portal/new/app/")
    page.fill("#id_name", "Field notes")
    page.fill("#id_redirect_uris", CALLBACK)
    page.click("#id_submit")
    lines = page.inner_text("#id_snippet_authlib")
    lines += "\ninput()\nprint(client.get('" + live.issuer + "/oauth/userinfo').status_code)\n"

    page.context.route(f"{CALLBACK}**", lambda route: route.fulfill(status=200, body="back"))
    with subprocess.Popen(
        [sys.executable, "-u", "-c", lines],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=live.environment | {"AUTHLIB_INSECURE_TRANSPORT": "1"},
    ) as program:
        assert program.stdin
        assert program.stdout
        address = program.stdout.readline().removeprefix("Open ").strip()
        page.goto(address)
        page.click("#id_allow")
        page.wait_for_url(f"{CALLBACK}**")
        program.stdin.write(f"{page.url}\n")
        program.stdin.flush()
        told = program.stdout.readline()
        assert EMAIL in told

        page.goto(f"{live.issuer}/account/")
        page.click("text=Connected apps")
        assert "Field notes" in page.inner_text("main")
        page.click("text=Take access back")
        assert "Field notes has no access any more." in page.inner_text("main")
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.stdout.readline().strip() == "401"


def test_the_admin_runs_under_its_policy_and_asks_nobody_else(live: Live, browser: Browser, watch: Watch) -> None:
    """docs/decisions: the admin's content security policy."""
    live.manage(
        "shell",
        "-v0",
        "-c",
        f"""
from identity.models import User
User.objects.filter(username={USERNAME!r}).update(is_staff=True, is_superuser=True)
""",
    )
    page = developer(watch, browser, live)
    for path in ADMIN:
        answer = page.goto(f"{live.issuer}/admin/{path}")
        assert answer
        assert answer.status == 200, path
        page.wait_for_function("window.Alpine !== undefined")
    page.goto(f"{live.issuer}/admin/oauth_server/auditevent/")
    page.click("text=Filters")
    page.get_by_text("Suspicious").first.wait_for()
    page.goto(f"{live.issuer}/admin/identity/user/")
    page.click(f"text={USERNAME}")
    page.get_by_role("link", name="Sign-ins").last.click()
    page.get_by_text("Acr").first.wait_for()
