"""oidc-client-ts from npm, unmodified, in a page in Chromium: a public client on an origin of its own (12, 20, 21 of the list)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import Watch, chromium
from tests.support.live import EMAIL, PASSWORD, USERNAME, Live
from tests.support.receiver import Receiver, receiver

pytestmark = pytest.mark.browser

NODE = Path(__file__).parent / "node"

# As the library's README has it; each address of the page makes the same manager.
PAGE = """<!doctype html><meta charset="utf-8"><title>page</title><script src="/oidc-client-ts.js"></script><script>
  var manager = new oidc.UserManager({
    authority: "%(issuer)s", client_id: "%(client_id)s", scope: "%(scope)s",
    redirect_uri: location.origin + "/callback", silent_redirect_uri: location.origin + "/silent",
    popup_redirect_uri: location.origin + "/popup", post_logout_redirect_uri: location.origin + "/left",
    prompt: "%(prompt)s" || undefined, loadUserInfo: true, monitorSession: %(monitor)s, checkSessionIntervalInSeconds: 1,
    userStore: new oidc.WebStorageStateStore({ store: window.localStorage }),
  });
  var events = [];
  manager.events.addUserSignedOut(function () { events.push("signed out"); });
  var done = %(act)s;
</script>"""
ACTS = {
    "/": "null",
    "/callback": "manager.signinRedirectCallback()",
    "/silent": "manager.signinSilentCallback()",
    "/popup": "manager.signinPopupCallback()",
    "/left": "manager.signoutRedirectCallback()",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def party(node: str) -> Iterator[Receiver]:
    script = NODE / "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
    with receiver() as listening:
        listening.pages |= {"/oidc-client-ts.js": script.read_text("utf-8"), "/favicon.ico": ""}
        yield listening


def register(live: Live, party: Receiver, *, scope: str, prompt: str = "", monitor: bool = False) -> None:
    """Register the page, and write it."""
    registration = live.client(
        redirect_uris=[f"{party.origin}/{name}" for name in ("callback", "silent", "popup")],
        post_logout_redirect_uris=[f"{party.origin}/left"],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",
        client_name="A page",
    )
    for path, act in ACTS.items():
        party.pages[path] = PAGE % {
            "issuer": live.issuer,
            "client_id": registration["client_id"],
            "scope": scope,
            "prompt": prompt,
            "monitor": str(monitor).lower(),
            "act": act,
        }


def pass_through(page: Page, live: Live) -> None:
    """Sign in and allow, on whichever of our pages comes."""
    page.wait_for_url(f"{live.issuer}/**")
    page.fill("#id_login", USERNAME)
    page.fill("#id_password", PASSWORD)
    page.click("#id_submit")
    page.click("#id_allow")


def user(page: Page) -> dict[str, Any]:
    """What the library keeps of the person."""
    return dict(page.evaluate("manager.getUser()"))


def test_it_signs_in_refreshes_revokes_and_signs_out(live: Live, party: Receiver, browser: Browser) -> None:
    """1, 12, 19, 20: every answer is read by a script of another origin."""
    register(live, party, scope="openid profile email offline_access", prompt="consent")
    watching = Watch(live.issuer)
    page = watching.page(browser)
    page.goto(f"{party.origin}/")
    page.evaluate("void manager.signinRedirect({ state: 'mine' })")
    pass_through(page, live)
    page.wait_for_url(f"{party.origin}/callback?*")
    assert page.evaluate("done.then(user => user.state)") == "mine"
    first = user(page)
    assert (first["profile"]["name"], first["profile"]["email"]) == ("Alice Example", EMAIL)
    fresh = page.evaluate("manager.signinSilent()")
    assert fresh["access_token"] != first["access_token"]
    assert fresh["refresh_token"] != first["refresh_token"]
    page.evaluate("manager.revokeTokens()")
    refused = page.evaluate(
        "([url, token]) => fetch(url, { headers: { Authorization: 'Bearer ' + token } }).then(answer => answer.status)",
        [live.metadata()["userinfo_endpoint"], fresh["access_token"]],
    )
    assert refused == 401
    page.evaluate("void manager.signoutRedirect({ state: 'bye' })")
    page.wait_for_url(f"{party.origin}/left?*")
    assert page.evaluate("done.then(answer => answer.userState)") == "bye"
    page.evaluate("void manager.signinRedirect()")
    page.wait_for_selector("#id_login")
    # The refused userinfo is what this test asked for.
    assert [said for said in watching.complaints if "401" not in said] == []


def test_without_refresh_tokens_it_renews_in_a_frame_and_hears_of_the_end(
    live: Live, party: Receiver, browser: Browser
) -> None:
    """21, Session Management §3: prompt=none in a frame of the same site, and the check-session frame."""
    register(live, party, scope="openid email", monitor=True)
    page = Watch(live.issuer).page(browser)
    page.goto(f"{party.origin}/")
    page.evaluate("void manager.signinRedirect()")
    pass_through(page, live)
    page.wait_for_url(f"{party.origin}/callback?*")
    page.evaluate("done")
    first = user(page)
    fresh = page.evaluate("manager.signinSilent()")
    assert fresh["access_token"] != first["access_token"]
    assert fresh["profile"]["sub"] == first["profile"]["sub"]
    page.goto(f"{party.origin}/")
    page.wait_for_function("manager._sessionMonitor && manager._sessionMonitor._checkSessionIFrame")
    elsewhere = page.context.new_page()
    elsewhere.goto(f"{live.issuer}/account/logout/")
    elsewhere.click("#id_logout")
    elsewhere.wait_for_selector("text=You are signed out")
    page.bring_to_front()
    page.wait_for_function("events.includes('signed out')")
    said = page.evaluate("manager.signinSilent().then(() => 'renewed', error => error.error)")
    assert said == "login_required"


def test_it_signs_in_in_a_window_of_its_own(live: Live, party: Receiver, browser: Browser) -> None:
    """A popup: our pages must not cut it off from the page that opened it before it is back."""
    register(live, party, scope="openid email")
    page = Watch(live.issuer).page(browser)
    page.goto(f"{party.origin}/")
    with page.expect_popup() as opened:
        page.evaluate("window.result = manager.signinPopup(), undefined")
    pass_through(opened.value, live)
    assert page.evaluate("result.then(user => user.profile.email)") == EMAIL
