"""Who may sign up, and invitations (ASVS 5.0 §6.3, §6.4; scorecard R-07)."""

from __future__ import annotations

import json
import re
import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from identity.account.invite import invite
from identity.models import Invitation, User
from oauth_server.models import AuditEvent
from tests.identity.test_enumeration import counted_hashes
from tests.support.people import LOGIN, PASSWORD, is_signed_in, page, person, sign_in

pytestmark = pytest.mark.django_db
SIGN_UP = "/account/signup/"
PUT_ASIDE = "/account/invitation/not-mine/"


def form(name: str = "kim", email: str = "") -> dict[str, str]:
    return {"username": name, "email": email or f"{name}@example.com", "password1": PASSWORD}


def invited(email: str = "kim@example.com") -> str:
    """An address is invited; the path of the link in the mail."""
    mail.outbox.clear()
    invite(email, timezone.now())
    (message,) = mail.outbox
    assert message.to == [email]
    found = re.search(r"https?://[^/\s]+(/account/invitation/\S+/)", str(message.body))
    assert found
    return found[1]


def accept(browser: Browser, path: str, **other: str) -> Any:
    """Open the link and fill in the form."""
    browser.get(path)
    return browser.post(SIGN_UP, form() | other)


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [("closed", "takes no new people"), ("invited", "By invitation only"), ("open", "One account")],
)
def test_an_operator_says_who_may_sign_up(client: Browser, settings: Any, mode: str, sentence: str) -> None:
    settings.SIGN_UP = mode
    assert sentence in page(client.get(SIGN_UP))
    assert ("Create an account" in page(client.get(LOGIN))) is (mode == "open")
    client.post(SIGN_UP, form())
    assert User.objects.filter(username="kim").exists() is (mode == "open")


@pytest.mark.parametrize(
    ("email", "may"),
    [
        ("kim@example.com", True),
        ("KIM@EXAMPLE.ORG", True),
        ("kim@evil.test", False),
        ("kim@sub.example.com", False),
        ("kim@example.com.evil.test", False),
        ('"kim@example.com"@evil.test', False),
    ],
)
def test_only_addresses_of_the_domains_that_are_allowed_may_sign_up(
    client: Browser, settings: Any, email: str, *, may: bool
) -> None:
    settings.SIGN_UP_DOMAINS = ("example.com", "example.org")
    answer = client.post(SIGN_UP, form(email=email))
    assert User.objects.filter(username="kim").exists() is may
    assert may or "Only addresses of example.com, example.org" in page(answer) or "valid email" in page(answer)


@pytest.mark.parametrize("mode", ["open", "invited"])
def test_an_invitation_makes_one_account_with_a_confirmed_address(client: Browser, settings: Any, mode: str) -> None:
    """The link was mailed to the address: no second mail asks to confirm it. The domain is the operator's business."""
    settings.SIGN_UP, settings.SIGN_UP_DOMAINS = mode, ("example.org",)
    path = invited()
    client.get(path)
    text = page(client.get(SIGN_UP))
    assert 'value="kim@example.com"' in text
    client.post(SIGN_UP, form(email="other@example.org"))
    assert is_signed_in(client)
    kim = User.objects.get(username="kim")
    assert [(one.email, one.verified, one.primary) for one in EmailAddress.objects.filter(user=kim)] == [
        ("kim@example.com", True, True)
    ]
    assert kim.email == "kim@example.com"
    assert Invitation.objects.get().person == kim
    assert len(mail.outbox) == 1
    changes = [row.facts.get("change") for row in AuditEvent.objects.filter(user=str(kim.pk))]
    assert "account:invitation:accepted" in changes


def test_a_look_at_the_link_spends_nothing_and_the_address_does_not_keep_the_secret(client: Browser) -> None:
    """Mail programs open links; Referer and history tell addresses."""
    path = invited()
    for _ in range(3):
        answer = Browser().get(path)
        assert answer.headers["Location"] == SIGN_UP
        assert answer.headers["Cache-Control"].startswith("max-age=0")
    accept(client, path)
    assert is_signed_in(client)


def test_an_invitation_works_once(client: Browser, settings: Any) -> None:
    """Replay: neither the link nor a form that was open meanwhile makes a second account."""
    settings.SIGN_UP = "invited"
    path = invited()
    late = Browser()
    late.get(path)
    accept(client, path)
    answer = late.post(SIGN_UP, form("eve"))
    assert not User.objects.filter(username="eve").exists()
    assert "By invitation only" in page(answer)
    again = Browser().get(path)
    assert again.status_code == 410
    assert "ask whoever invited you for another" in page(again)
    assert accept(client, path).status_code == 302
    assert User.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_parallel_uses_of_one_invitation_one_makes_an_account(settings: Any) -> None:
    """Scorecard R-07."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory knows no second connection")
    settings.SIGN_UP = "invited"
    path = invited()
    browsers = [Browser() for _ in range(6)]
    for browser in browsers:
        browser.get(path)

    def use(number: int) -> None:
        browsers[number].post(SIGN_UP, form(f"kim{number}"))
        connection.close()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.count() == 1
    assert EmailAddress.objects.count() == 1


def test_no_transaction_waits_for_the_hash_of_a_password(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer: whoever signs up must not hold it for as long as Argon2 takes, or waits for its turn."""
    path = invited()
    waiting = counted_hashes(monkeypatch)
    accept(client, path)
    assert is_signed_in(client)
    assert waiting == [len(connection.atomic_blocks)]


def test_a_sign_up_that_fails_leaves_the_invitation_as_it_was(client: Browser) -> None:
    path = invited()
    assert accept(client, path, password1="short").status_code == 200
    assert Invitation.objects.get().used_at is None
    client.post(SIGN_UP, form())
    assert is_signed_in(client)


@pytest.mark.parametrize("days", [6, 8])
def test_an_invitation_lives_for_a_week(client: Browser, days: int) -> None:
    path = invited()
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        assert client.get(path).status_code == (303 if days < 7 else 410)


def test_a_newer_invitation_makes_the_older_one_void(client: Browser) -> None:
    older = invited()
    newer = invited()
    assert client.get(older).status_code == 410
    assert client.get(newer).status_code == 303


def test_in_a_shared_browser_an_invitation_can_be_put_aside(client: Browser, settings: Any) -> None:
    """The page says for whom it is; whoever it is for opens the link again, here or elsewhere."""
    settings.SIGN_UP = "invited"
    path = invited()
    client.get(path)
    text = page(client.get(SIGN_UP))
    assert "This invitation is for <strong" in text
    assert "Not you?" in text
    assert client.get(PUT_ASIDE).status_code == 405
    answer = client.post(PUT_ASIDE, {"next": "/account/apps/"})
    assert answer.headers["Location"] == f"{SIGN_UP}?next=%2Faccount%2Fapps%2F"
    text = page(client.get(SIGN_UP))
    assert "Its link still works for whoever it is for" in text
    assert "By invitation only" in text
    client.post(SIGN_UP, form())
    assert not User.objects.exists()
    accept(client, path)
    assert is_signed_in(client)


def test_where_everybody_may_sign_up_the_address_is_free_again(client: Browser) -> None:
    client.get(invited())
    client.post(PUT_ASIDE, {"next": "https://evil.example/"})
    text = page(client.get(SIGN_UP))
    assert "kim@example.com" not in text
    client.post(SIGN_UP, form("bo"))
    assert User.objects.get().email == "bo@example.com"
    assert Invitation.objects.get().used_at is None


@pytest.mark.parametrize(("minutes", "remembered"), [(29, True), (31, False)])
def test_a_browser_forgets_an_invitation_by_itself(
    client: Browser, settings: Any, minutes: int, *, remembered: bool
) -> None:
    """INVITATION_IN_BROWSER_LIFETIME: whoever sits down next is not signed up as somebody else."""
    settings.SIGN_UP = "invited"
    path = invited()
    client.get(path)
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        assert ("kim@example.com" in page(client.get(SIGN_UP))) is remembered
        client.post(SIGN_UP, form())
        assert User.objects.exists() is remembered
        if not remembered:
            accept(client, path)
            assert is_signed_in(client)


def test_only_a_digest_of_the_link_is_kept(client: Browser) -> None:
    """Scorecard L-02: whoever reads the table, or the session, invites nobody."""
    secret = invited().split("/")[-2]
    client.get(f"/account/invitation/{secret}/")
    assert secret not in str(Invitation.objects.values().get())
    assert secret not in str(dict(client.session.items()))


def test_whoever_merely_typed_the_address_keeps_nobody_out(client: Browser) -> None:
    """Pre-hijacking: an unconfirmed claim to an address that an operator invited."""
    squatter = User.objects.create_user("eve", "kim@example.com", PASSWORD)
    User.objects.give_email(squatter, "kim@example.com", verified=False)
    accept(client, invited())
    assert EmailAddress.objects.get(verified=True).user.username == "kim"


def test_whoever_has_an_account_already_signs_in(client: Browser) -> None:
    path = invited("ada@example.com")
    person("ada")
    assert client.get(path).headers["Location"] == LOGIN
    assert "You have an account with this address already" in page(client.get(LOGIN))


def test_a_closed_server_takes_no_invitation_either(client: Browser, settings: Any) -> None:
    settings.SIGN_UP = "closed"
    assert client.get(invited()).status_code == 410


def test_a_command_invites_people_and_says_who_cannot_be() -> None:
    person("ada")
    output = StringIO()
    call_command("invite", "kim@example.com", "Bo@Example.com", stdout=output)
    assert [json.loads(line)["email"] for line in output.getvalue().splitlines()] == [
        "kim@example.com",
        "bo@example.com",
    ]
    assert [message.to for message in mail.outbox] == [["kim@example.com"], ["bo@example.com"]]
    assert AuditEvent.objects.filter(name="operator:record:added").count() == 2
    for wrong in ("ada@example.com", "nothing"):
        with pytest.raises(CommandError):
            call_command("invite", "zoe@example.com", wrong, stdout=output)
    assert not Invitation.objects.filter(email="zoe@example.com").exists()


def test_an_operator_invites_in_the_admin_and_takes_it_back(client: Browser) -> None:
    operator = person("root")
    User.objects.filter(pk=operator.pk).update(is_staff=True, is_superuser=True)
    sign_in(client, "root")
    mail.outbox.clear()
    answer = client.post("/admin/identity/invitation/add/", {"email": "Kim@example.com"})
    assert answer.status_code == 302
    assert [message.to for message in mail.outbox] == [["kim@example.com"]]
    assert "already" in page(client.post("/admin/identity/invitation/add/", {"email": "root@example.com"}))
    assert "kim@example.com" in page(client.get("/admin/identity/invitation/"))
    invitation = Invitation.objects.get()
    client.post(f"/admin/identity/invitation/{invitation.pk}/delete/", {"post": "yes"})
    assert not Invitation.objects.exists()
    names = set(AuditEvent.objects.values_list("name", flat=True))
    assert {"operator:record:added", "operator:record:deleted"} <= names
