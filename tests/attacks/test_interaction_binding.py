"""An interaction belongs to one browser, and each of its steps to the person who did it (RFC 9700 §4.7; attack table 2E)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.utils import timezone

from identity.models import LoginSession, User
from identity.sessions.end import end
from oauth_server.models import AuthorizationCode, Consent, Interaction
from tests.support.front_channel import Browser, answer, hidden, location, page, request_of
from tests.support.parties import Party

pytestmark = pytest.mark.django_db


def key_of(response: object) -> str:
    """The key in the address of any step."""
    where = urlsplit(location(response))  # type: ignore[arg-type]
    path = parse_qs(where.query)["next"][0] if where.query else where.path
    return path.rsplit("/", 1)[1]


@pytest.mark.parametrize("path", ["authorize", "consent", "select-account", "cancel"])
def test_another_browser_gets_nothing(
    app: Party, browser: Browser, other_browser: Browser, person: User, signed_in: LoginSession, path: str
) -> None:
    """Login CSRF: a link to an interaction that the attacker began must not run in the victim's browser."""
    key = key_of(browser.authorize(app))
    other_browser.sign_in(person)
    for response in (
        other_browser.get(f"/oauth/{path}/{key}"),
        other_browser.post(f"/oauth/{path}/{key}", decision="allow"),
    ):
        assert response.status_code in {400, 405}
        assert not location(response)
    assert AuthorizationCode.objects.count() == 0
    assert browser.get(f"/oauth/consent/{key}").status_code == 200, "the right browser still can"


def test_a_planted_browser_cookie_is_not_adopted(app: Party, browser: Browser) -> None:
    """Only values that we made count; a made-up one is replaced."""
    browser.http.cookies["gatehouse_browser"] = "planted"
    browser.authorize(app)
    assert browser.http.cookies["gatehouse_browser"].value.startswith("gth_br_")


def test_the_cookie_is_not_in_the_table(app: Party, browser: Browser) -> None:
    browser.authorize(app)
    row = Interaction.objects.get()
    cookie = browser.http.cookies["gatehouse_browser"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie.value.encode() not in bytes(row.browser or b"")


def test_a_person_who_takes_over_in_another_tab_inherits_no_consent(
    app: Party, browser: Browser, person: User, other_person: User, signed_in: LoginSession
) -> None:
    """The first allowed in this tab; the second signed in elsewhere: the tab must ask the second."""
    at = location(browser.authorize(app, prompt="consent"))
    back = browser.allow(at)
    browser.sign_in(other_person)
    resumed = browser.get(location(back))
    assert location(resumed) == at
    assert AuthorizationCode.objects.count() == 0
    assert other_person.username in page(browser.get(at))


def test_a_click_on_a_page_that_was_shown_to_somebody_else_counts_for_nobody(
    app: Party, browser: Browser, other_person: User, signed_in: LoginSession
) -> None:
    at = location(browser.authorize(app))
    seal = hidden(browser.get(at), "person")
    browser.sign_in(other_person)
    assert location(browser.post(at, person=seal, decision="allow")) == at
    assert Consent.objects.count() == 0


def test_a_selection_counts_for_the_account_that_was_there(
    app: Party, browser: Browser, other_person: User, signed_in: LoginSession
) -> None:
    at = location(browser.authorize(app, prompt="select_account"))
    back = browser.post(at, person=hidden(browser.get(at), "person"), account="this")
    browser.sign_in(other_person)
    assert location(browser.get(location(back))) == at


def test_the_end_of_the_sign_in_stops_the_tab(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    at = location(browser.authorize(app))
    seal = hidden(browser.get(at), "person")
    end(signed_in, timezone.now(), "signed_out_elsewhere")
    assert "/oauth/authorize/" in location(browser.post(at, person=seal, decision="allow"))
    assert "/account/login/" in location(browser.get(at.replace("consent", "authorize")))


def test_an_interaction_answers_once(app: Party, browser: Browser, person: User) -> None:
    """Replay and the back button: a page that explains itself, no second code."""
    asked = browser.authorize(app)
    key = key_of(asked)
    assert "code" in answer(browser.walk(asked, person))
    for path in ("authorize", "consent", "select-account", "cancel"):
        again = browser.get(f"/oauth/{path}/{key}")
        assert again.status_code == 400
        assert "already finished" in page(again)
    assert AuthorizationCode.objects.count() == 1


def test_a_stale_page_leads_back_to_the_client(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    app = make_client(client_uri="https://notes.example/")
    asked = browser.authorize(app)
    key = key_of(asked)
    browser.walk(asked, person)
    assert 'href="https://notes.example/"' in page(browser.get(f"/oauth/authorize/{key}"))


def test_a_post_is_unbound_until_somebody_comes_and_then_for_good(
    app: Party, browser: Browser, other_browser: Browser
) -> None:
    posted = browser.http.generic(
        "POST", "/oauth/authorize", "&".join(f"{k}={v}" for k, v in request_of(app).items()),
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert "gatehouse_browser" not in posted.cookies
    # The sign-in page looks at it to name the client; looking must not claim it.
    key = location(posted).rsplit("/", 1)[1]
    other_browser.get("/account/login/", next=f"/oauth/authorize/{key}")
    assert "/account/login/" in location(browser.get(location(posted)))
    assert other_browser.get(location(posted)).status_code == 400


def test_reauthentication_cannot_be_had_by_coming_back(
    app: Party, browser: Browser, allowed: Callable[..., None], signed_in: LoginSession
) -> None:
    """prompt=login is proved by a sign-in after the request, not by a visit to the page (CVE-2023-6787)."""
    allowed()
    asked = browser.authorize(app, prompt="login")
    browser.get(location(asked))
    again = browser.get(f"/oauth/authorize/{key_of(asked)}")
    assert "/account/login/" in location(again)
    assert answer(browser.authorize(app, prompt="none"))["iss"] == settings.ISSUER
