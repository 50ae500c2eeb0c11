"""Signing out seen from a browser: applications hear of it in frames, and a page that watches the session sees it change."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import Watch, chromium
from tests.support.live import PASSWORD, USERNAME, Live, live_server
from tests.support.receiver import Receiver, receiver

pytestmark = pytest.mark.browser

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 appendix B

# What a relying party has in a hidden frame of its own (Session Management §3.1), here in the page itself.
WATCHING = """<!doctype html><title>watching</title><iframe id="op" src="{frame}"></iframe><script>
  var heard = [];
  window.addEventListener("message", function (event) {{
    if (event.origin === "{issuer}") {{ heard.push(event.data); }}
  }});
  function ask(message) {{
    document.getElementById("op").contentWindow.postMessage(message, "{issuer}");
  }}
</script>"""


@pytest.fixture(scope="module")
def party() -> Iterator[Receiver]:
    with receiver() as listening:
        listening.pages |= {
            "/callback": "<p>back",
            "/bye": "<h1>bye</h1>",
            "/favicon.ico": "",
            "/out": "<script>document.cookie='seen=1'</script>",
        }
        yield listening


@pytest.fixture(scope="module")
def live(party: Receiver) -> Iterator[Live]:
    with live_server() as server:
        party.pages["/watching"] = WATCHING.format(
            frame=server.metadata()["check_session_iframe"], issuer=server.issuer
        )
        yield server


@pytest.fixture(scope="module")
def client_id(live: Live, party: Receiver) -> str:
    registered = live.client(
        redirect_uris=[f"{party.origin}/callback"],
        post_logout_redirect_uris=[f"{party.origin}/bye"],
        frontchannel_logout_uri=f"{party.origin}/out",
        frontchannel_logout_session_required=True,
        skip_authorization=True,
    )
    return str(registered["client_id"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def log_in(page: Page, live: Live, party: Receiver, client_id: str) -> dict[str, str]:
    """Through the sign-in page where that is asked for; the members of the answer."""
    page.goto(
        f"{live.issuer}/oauth/authorize?response_type=code&client_id={client_id}&scope=openid&state=s"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256&redirect_uri={party.origin}/callback"
    )
    if "/account/login/" in page.url:
        page.fill("#id_login", USERNAME)
        page.fill("#id_password", PASSWORD)
        page.click("#id_submit")
    page.wait_for_url(f"{party.origin}/callback?*")
    return dict(parse_qsl(urlsplit(page.url).query))


def watch(page: Page, message: str) -> str:
    """What our frame answers to a message."""
    before = page.evaluate("heard.length")
    page.evaluate("message => ask(message)", message)
    page.wait_for_function("before => heard.length > before", arg=before)
    return str(page.evaluate("heard[heard.length - 1]"))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_application_hears_of_it_in_a_frame_and_the_browser_goes_on(
    live: Live, party: Receiver, client_id: str, browser: Browser, *, scripts: bool
) -> None:
    """Front-Channel Logout §3, RP-Initiated Logout §3."""
    watching = Watch(live.issuer)
    page = watching.page(browser, java_script_enabled=scripts)
    log_in(page, live, party, client_id)
    party.paths.clear()
    page.goto(
        f"{live.issuer}/oauth/logout?client_id={client_id}&post_logout_redirect_uri={party.origin}/bye&state=st-1"
    )
    page.click("#id_logout")
    if not scripts:
        page.wait_for_selector("#id_continue")
        assert party.wait(lambda: any(path.startswith("/out") for path in party.paths))
        page.click("#id_continue")
    page.wait_for_url(f"{party.origin}/bye?state=st-1")
    called = urlsplit(next(path for path in party.paths if path.startswith("/out")))
    asked = parse_qs(called.query)
    assert asked["iss"] == [live.issuer]
    assert len(asked["sid"][0]) == 32
    # In its frame an application reaches its own cookies, which hold its own sign-in.
    assert [cookie["name"] for cookie in page.context.cookies(party.origin)].count("seen") == scripts
    assert watching.complaints == []


def test_a_page_that_watches_sees_the_sign_in_end(
    live: Live, party: Receiver, client_id: str, browser: Browser
) -> None:
    """Session Management §3.1 and §3.2, by the check-session frame itself."""
    watching = Watch(live.issuer)
    page = watching.page(browser)
    state = log_in(page, live, party, client_id)["session_state"]
    watcher = page.context.new_page()
    watcher.goto(f"{party.origin}/watching")
    watcher.frame_locator("#op").locator("body").wait_for(state="attached")
    assert watch(watcher, f"{client_id} {state}") == "unchanged"
    assert watch(watcher, f"another {state}") == "changed"
    for nonsense in ("", "nonsense", state, f"{client_id} {state} {state}x y", f"{client_id} abc"):
        assert watch(watcher, nonsense) == "error"
    assert log_in(page, live, party, client_id)["session_state"] != state
    assert watch(watcher, f"{client_id} {state}") == "unchanged"

    page.goto(f"{live.issuer}/account/logout/")
    page.click("#id_logout")
    page.wait_for_selector("text=You are signed out")
    assert watch(watcher, f"{client_id} {state}") == "changed"

    page.goto(
        f"{live.issuer}/oauth/authorize?response_type=code&client_id={client_id}&scope=openid&prompt=none"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256&redirect_uri={party.origin}/callback"
    )
    silent = dict(parse_qsl(urlsplit(page.url).query))
    assert silent["error"] == "login_required"
    assert watch(watcher, f"{client_id} {silent['session_state']}") == "unchanged"

    log_in(page, live, party, client_id)
    assert watch(watcher, f"{client_id} {silent['session_state']}") == "changed"
    assert watch(watcher, f"{client_id} {state}") == "changed"
    assert watching.complaints == []
