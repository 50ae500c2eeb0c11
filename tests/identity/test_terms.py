"""The terms of service are accepted at sign-up, and once more when they change."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from identity.models import AcceptedTerms, LoginSession, User
from tests.support.factors import give_app
from tests.support.people import PASSWORD, is_signed_in, page, person, sign_in

pytestmark = pytest.mark.django_db
TERMS = "/account/login/terms/"
FORM = {"username": "kim", "email": "kim@example.com", "password1": PASSWORD}


@pytest.fixture(autouse=True)
def terms(settings: Any) -> None:
    settings.TERMS_URL, settings.TERMS_VERSION = "https://example.com/terms", "2026-11"


def test_nobody_is_asked_where_no_version_is_set(client: Browser, settings: Any) -> None:
    settings.TERMS_VERSION = ""
    person()
    sign_in(client)
    assert is_signed_in(client)
    assert "I accept" not in page(Browser().get("/account/signup/"))


def test_whoever_signs_up_accepts_them_there_and_is_not_asked_twice(client: Browser) -> None:
    text = page(client.get("/account/signup/"))
    assert '<a href="https://example.com/terms" target="_blank" rel="noopener noreferrer">terms of service</a>' in text
    refused = page(client.post("/account/signup/", FORM))
    assert '<ul class="field-errors" id="id_terms_error"><li>This field is required.</li></ul>' in refused
    assert not User.objects.exists()
    client.post("/account/signup/", FORM | {"terms": "on"})
    kim = User.objects.get()
    assert AcceptedTerms.objects.get().version == "2026-11"
    EmailAddress.objects.update(verified=True)
    sign_in(client, "kim")
    assert is_signed_in(client)
    assert AcceptedTerms.objects.get().user == kim


def test_a_new_version_is_asked_for_after_everything_else_was_proved(client: Browser, settings: Any) -> None:
    """Where the person wanted to go is kept, and what was proved counts."""
    app = give_app(person())
    sign_in(client, query="?next=/account/profile/")
    response = client.post("/account/2fa/authenticate/", {"code": app.code()})
    assert response.headers["Location"].startswith(TERMS)
    assert not is_signed_in(client)
    text = page(client.get(TERMS))
    assert 'href="https://example.com/terms"' in text
    assert 'name="next" value="/account/profile/"' in text
    settings.TERMS_VERSION = "2026-12"
    client.post(TERMS, {"version": "2026-11"})
    assert not is_signed_in(client)
    response = client.post(TERMS, {"version": "2026-12"})
    assert response.headers["Location"] == "/account/profile/"
    session = LoginSession.objects.get(ended_at=None)
    assert (session.acr, session.amr) == ("2", ["pwd", "otp", "mfa"])
    client.post("/account/logout/")
    sign_in(client)
    assert client.get(TERMS).headers["Location"] == "/account/login/"


def test_nobody_accepts_without_having_proved_who_they_are(client: Browser) -> None:
    give_app(person())
    assert client.post(TERMS, {"version": "2026-11"}).headers["Location"] == "/account/login/"
    sign_in(client)
    client.post(TERMS, {"version": "2026-11"})
    assert not is_signed_in(client)
    assert not AcceptedTerms.objects.exists()


def test_whoever_does_not_accept_is_not_signed_in_and_may_come_back(client: Browser) -> None:
    person()
    sign_in(client)
    client.post("/account/login/cancel/")
    assert not is_signed_in(client)
    sign_in(client)
    client.post(TERMS, {"version": "2026-11"})
    assert is_signed_in(client)
    told = page(client.get("/account/activity/"))
    assert "You accepted the terms of service" in told


def test_a_version_without_terms_stops_the_start() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import oauth_server.settings.accounts"],
        env={"TERMS_VERSION": "1", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "TERMS_VERSION needs TERMS_URL" in done.stderr
