"""People and what they do in a browser, for the tests of ``identity``."""

from __future__ import annotations

import re
import time
from html import unescape

from django.http import HttpResponse
from django.test import Client as Browser

from identity.account.create import create_or_update
from identity.models import LoginSession, User
from identity.sign_in.assurance import Proof

PASSWORD = "correct horse battery"
LOGIN = "/account/login/"


def person(name: str = "ada", password: str = PASSWORD, **claims: object) -> User:
    """Somebody with a verified address."""
    return create_or_update(name, f"{name}@example.com", password, claims)[0]


def sign_in(browser: Browser, login: str = "ada", password: str = PASSWORD, query: str = "") -> HttpResponse:
    """Fill in the sign-in form and send it."""
    return browser.post(LOGIN + query, {"login": login, "password": password})


def prove(browser: Browser, password: str = PASSWORD) -> None:
    """Type the password again, as pages ask for that must not open to a stranger at an open browser."""
    browser.post("/account/reauthenticate/", {"password": password})


def prove_second_step(browser: Browser) -> None:
    """As after the code of an authenticator app, for somebody whose app the test does not have."""
    LoginSession.objects.add_proofs(sid_of(browser), [Proof("totp", time.time(), ("otp",))])


def is_signed_in(browser: Browser) -> bool:
    """Does the account page open?"""
    return browser.get("/account/").status_code == 200


def sid_of(browser: Browser) -> str:
    """The ``sid`` that this browser carries."""
    return str(browser.session.get("sid", ""))


def live_sids(user: User) -> set[str]:
    """Where somebody is signed in."""
    return set(LoginSession.objects.filter(user=user, ended_at=None).values_list("sid", flat=True))


def page(response: HttpResponse) -> str:
    """The text of a page, without what differs at each request."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())
    return unescape(text)
