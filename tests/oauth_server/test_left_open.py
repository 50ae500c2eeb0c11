"""Pages that were left open for too long: whoever comes back is told what to do, and can go on (ASVS 7.3; WCAG 2.2 §2.2.1, §3.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.http import HttpResponse
from django.test import Client as Http
from django.utils import timezone

from identity.models import User
from tests.support.factors import give_app
from tests.support.front_channel import Browser, hidden, location, request_of
from tests.support.parties import Party
from tests.support.people import LOGIN, PASSWORD, is_signed_in, page, person, sign_in

pytestmark = pytest.mark.django_db

APPS = "/account/apps/"
OVERNIGHT = timedelta(hours=10)
LUNCH = timedelta(minutes=40)
Client = Callable[..., Party]


def later(by: timedelta) -> Any:
    return time_machine.travel(timezone.now() + by)


def told(http: Http, response: HttpResponse) -> str:
    """The page that the answer leads to."""
    return page(http.get(location(response)) if location(response) else response)


@pytest.mark.parametrize("by", [LUNCH, OVERNIGHT])
def test_a_sign_in_page_that_no_application_waits_behind_works_the_next_morning(client: Http, by: timedelta) -> None:
    person()
    client.get(f"{LOGIN}?next={APPS}")
    with later(by):
        assert location(sign_in(client, query=f"?next={APPS}")) == APPS
        assert is_signed_in(client)


def _to_sign_in(browser: Browser, app: Party) -> str:
    return location(browser.authorize(app))


@pytest.mark.parametrize(
    ("metadata", "leads"),
    [
        ({"initiate_login_uri": "https://notes.example/login"}, "/oauth/open/"),
        ({"client_uri": "https://notes.example/"}, "https://notes.example/"),
        ({}, ""),
    ],
    ids=["can be opened", "has a page", "has nothing"],
)
def test_an_application_that_waited_overnight_is_asked_to_begin_again(
    make_client: Client, browser: Browser, metadata: dict[str, str], leads: str
) -> None:
    """The person is signed in all the same; the request of yesterday answers nobody."""
    person()
    app = make_client(client_name="Notes", **metadata)
    at = _to_sign_in(browser, app)
    with later(OVERNIGHT):
        answer = browser.http.post(at, {"login": "ada", "password": PASSWORD})
        shown = browser.http.get(location(answer))
        assert shown.status_code == 400
        text = page(shown)
        assert "This page has expired" in text
        assert "Notes" in text
        assert ('class="button"' in text) is bool(leads)
        assert f'href="{leads}' in text
        assert is_signed_in(browser.http)
        # The application begins again, and only what is missing is asked.
        assert "/oauth/consent/" in location(browser.authorize(app))


def test_a_consent_page_that_waited_overnight_gives_nothing(make_client: Client, browser: Browser) -> None:
    app = make_client(client_name="Notes", client_uri="https://notes.example/")
    browser.sign_in(person())
    at = location(browser.authorize(app))
    seal = hidden(browser.get(at), "person")
    with later(OVERNIGHT):
        answer = browser.post(at, person=seal, decision="allow")
        assert "This page has expired" in page(answer)
        assert 'href="https://notes.example/"' in page(answer)


@pytest.mark.parametrize("by", [LUNCH, OVERNIGHT])
@pytest.mark.parametrize("reloads", [False, True], ids=["sends the form", "loads it again"])
def test_a_second_step_that_waited_too_long_begins_anew_and_knows_where_to_go(
    client: Http, by: timedelta, *, reloads: bool
) -> None:
    """What was proved is forgotten; where the person was going is not."""
    app = give_app(person())
    at = location(sign_in(client, query=f"?next={APPS}"))
    assert at == "/account/2fa/authenticate/"
    client.get(at)
    with later(by):
        answer = client.get(at) if reloads else client.post(at, {"code": app.code(), "next": APPS})
        assert location(answer) == f"{LOGIN}?next=%2Faccount%2Fapps%2F"
        assert "That took too long. Sign in again." in told(client, answer)
        assert not is_signed_in(client)
        assert location(sign_in(client, query=f"?next={APPS}")) == at


def test_a_second_step_that_was_done_in_another_tab_leads_on(client: Http) -> None:
    app = give_app(person())
    sign_in(client, query=f"?next={APPS}")
    client.post("/account/2fa/authenticate/", {"code": app.code(), "next": APPS})
    assert location(client.post("/account/2fa/authenticate/", {"code": app.code(), "next": APPS})) == APPS
    assert location(client.get(f"/account/2fa/authenticate/?next={APPS}")) == APPS


def test_a_code_by_mail_that_waited_too_long_is_asked_for_anew(client: Http, settings: Any) -> None:
    settings.FEATURES = type(settings.FEATURES)(email_code=True)
    person()
    client.post(f"/account/login/code/?next={APPS}", {"email": "ada@example.com"})
    with later(LUNCH):
        answer = client.post("/account/login/code/confirm/", {"code": "ABCDEFGH", "next": APPS})
        assert location(answer).startswith("/account/login/code/?next=")


def test_a_form_of_the_account_leads_back_to_itself(client: Http) -> None:
    """The sign-in rested for too long: in again, and the page is there."""
    person()
    sign_in(client)
    client.get("/account/profile/")
    with later(timedelta(days=3)):
        answer = client.post("/account/profile/", {"name": "Ada"})
        assert location(answer) == f"{LOGIN}?next=/account/profile/"
        assert location(sign_in(client, query="?next=/account/profile/")) == "/account/profile/"


def test_a_link_for_a_new_password_says_that_it_is_over(client: Http) -> None:
    person()
    client.post("/account/password/reset/", {"email": "ada@example.com"})
    link = next(word for word in str(mail.outbox[-1].body).split() if "/password/reset/" in word)
    form = client.get(link.partition("://")[2].partition("/")[2].join(["/", ""]), follow=True).redirect_chain[-1][0]
    with later(timedelta(hours=2)):
        answer = client.post(form, {"password1": "another good password", "password2": "another good password"})
        assert "This link does not work any more" in told(client, answer)
    assert User.objects.get().check_password(PASSWORD)


def test_what_is_asked_for_is_still_the_same_request(make_client: Client, browser: Browser) -> None:
    """Within the hour everything goes on: the time of a lunch costs nothing."""
    person()
    app = make_client()
    asked = request_of(app)
    at = location(browser.get("/oauth/authorize", **asked))
    with later(LUNCH):
        answer = browser.http.post(at, {"login": "ada", "password": PASSWORD})
        assert "/oauth/consent/" in location(browser.http.get(location(answer)))
