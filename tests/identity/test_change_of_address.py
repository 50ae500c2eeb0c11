"""Another e-mail address: added, confirmed, made the primary one; the former one goes, and each owner hears of it (ASVS 5.0 §6.3.7)."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client as Browser

from identity.models import User
from oauth_server.audit.record import flush
from oauth_server.models import AuditEvent
from tests.support.people import is_signed_in, page, person, prove, sign_in

pytestmark = pytest.mark.django_db

EMAIL, OLD, NEW = "/account/email/", "ada@example.com", "ada@new.example"


@pytest.fixture
def ada(client: Browser) -> User:
    user = person()
    sign_in(client)
    prove(client)
    mail.outbox.clear()
    return user


def addresses(user: User) -> dict[str, tuple[bool, bool]]:
    """Address → confirmed, primary."""
    return {one.email: (one.verified, one.primary) for one in EmailAddress.objects.filter(user=user)}


def add(browser: Browser) -> None:
    assert browser.post(EMAIL, {"action_add": "", "email": NEW}).status_code == 302


def confirm(browser: Browser) -> None:
    found = [
        text
        for message in mail.outbox
        if message.to == [NEW]
        for text in re.findall(r"/account/confirm-email/\S+/", message.body)
    ]
    browser.post(found[-1])


def test_the_whole_way(ada: User, client: Browser) -> None:
    add(client)
    assert addresses(ada) == {OLD: (True, True), NEW: (False, False)}
    sign_in(other := Browser(), NEW)
    assert not is_signed_in(other), "an address that nobody confirmed opens nothing"
    confirm(client)
    mail.outbox.clear()
    client.post(EMAIL, {"action_primary": "", "email": NEW})
    assert addresses(ada) == {OLD: (True, False), NEW: (True, True)}
    ada.refresh_from_db()
    assert ada.email == NEW, "what applications are told"
    assert OLD in {to for message in mail.outbox for to in message.to}, (
        "the owner of the former one, whom a thief would cut off"
    )
    client.post(EMAIL, {"action_remove": "", "email": OLD})
    assert addresses(ada) == {NEW: (True, True)}
    assert sign_in(other := Browser(), NEW).status_code == 302
    assert is_signed_in(other)
    assert sign_in(Browser(), OLD).status_code == 200
    flush()
    changes = {event.facts.get("change") for event in AuditEvent.objects.filter(name="person:account:changed")}
    assert {
        "account:email:added",
        "account:email:verified",
        "account:email:changed",
        "account:email:removed",
    } <= changes


def test_the_primary_address_stays_until_there_is_another(ada: User, client: Browser) -> None:
    client.post(EMAIL, {"action_remove": "", "email": OLD})
    assert addresses(ada) == {OLD: (True, True)}


def test_an_address_becomes_the_primary_one_only_once_it_is_confirmed(ada: User, client: Browser) -> None:
    add(client)
    client.post(EMAIL, {"action_primary": "", "email": NEW})
    assert addresses(ada)[OLD] == (True, True)


def test_the_link_in_the_mail_is_the_proof_and_not_the_browser(ada: User, client: Browser) -> None:
    """On the telephone, where the mail is read: it confirms, and signs nobody in."""
    add(client)
    telephone = Browser()
    confirm(telephone)
    assert addresses(ada)[NEW] == (True, False)
    assert not is_signed_in(telephone)


def test_an_address_of_somebody_else_stays_theirs_whoever_opens_the_link(ada: User, client: Browser) -> None:
    """That somebody has it is not told on the page (scorecard T-02)."""
    bob = person("bob")
    shown = page(client.post(EMAIL, {"action_add": "", "email": "bob@example.com"}, follow=True))
    assert "already" not in shown
    for link in re.findall(r"/account/confirm-email/\S+/", str(mail.outbox[-1].body)):
        client.post(link)
    assert addresses(ada).get("bob@example.com", (False, False)) == (False, False)
    assert addresses(bob) == {"bob@example.com": (True, True)}
    assert User.objects.called("bob@example.com") == bob
