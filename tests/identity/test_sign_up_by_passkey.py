"""Signing up with a passkey (Web Authentication Level 3 §7.1): an account that nothing opens, or that belongs to nobody, is never made."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.http import HttpResponse
from django.test import Client as Browser
from django.utils import timezone

from identity.account.invite import invite
from identity.models import AcceptedTerms, Invitation, LoginSession, User
from oauth_server.audit.record import flush
from oauth_server.models import AuditEvent
from tests.support.people import PASSWORD, is_signed_in, page, person, sign_in
from tests.support.soft_key import BE, ORIGIN, UP, UV, SoftKey

pytestmark = pytest.mark.django_db

START, CODE, MAKE = "/account/signup/by-passkey/", "/account/signup/code/", "/account/signup/passkey/"
CODES = "/account/2fa/recovery-codes/"


@pytest.fixture(autouse=True)
def issuer_with_a_name(settings: Any) -> None:
    settings.ISSUER = settings.ISSUER_ORIGIN = ORIGIN


def begin(browser: Browser, name: str = "kim", query: str = "", **more: str) -> HttpResponse:
    """Name and address."""
    mail.outbox.clear()
    return browser.post(START + query, {"username": name, "email": f"{name}@example.com"} | more)


def mailed() -> str:
    """The code in the last mail."""
    found = re.search(r"^([A-Z0-9]{4}-?[A-Z0-9]{4})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]


def options(browser: Browser) -> Any:
    return browser.get(MAKE, headers={"accept": "application/json"}).json()


def send(browser: Browser, credential: Any) -> HttpResponse:
    return browser.post(MAKE, {"credential": json.dumps(credential)})


def finish(browser: Browser, key: SoftKey | None = None) -> HttpResponse:
    """Make the passkey."""
    return send(browser, (key or SoftKey()).create(options(browser)))


def sign_up(browser: Browser, key: SoftKey | None = None, query: str = "", name: str = "kim") -> HttpResponse:
    """The whole way."""
    begin(browser, name, query)
    browser.post(CODE, {"code": mailed()})
    return finish(browser, key)


def facts(user: User) -> set[str]:
    return {row.facts.get("change", "") for row in AuditEvent.objects.filter(user=str(user.pk))}


def test_a_newcomer_proves_the_address_makes_a_passkey_and_is_there(client: Browser) -> None:
    """The address counts as confirmed; the sign-in says what was done: RFC 8176 §2."""
    key = SoftKey()
    assert begin(client).headers["Location"] == CODE
    assert mail.outbox[-1].to == ["kim@example.com"]
    assert not User.objects.exists()
    assert client.post(CODE, {"code": mailed()}).headers["Location"] == MAKE
    assert not User.objects.exists()
    answer = finish(client, key)
    assert answer.headers["Location"] == f"{CODES}?next=%2Faccount%2F"
    assert is_signed_in(client)
    kim = User.objects.get()
    assert not kim.has_usable_password()
    assert [(one.email, one.verified, one.primary) for one in EmailAddress.objects.all()] == [
        ("kim@example.com", True, True)
    ]
    session = LoginSession.objects.get()
    assert (session.acr, session.amr) == ("phr", ["otp", "hwk", "user", "mfa"])
    assert {"account:created", "account:email:verified", "account:factor:added"} <= facts(kim)

    # The same key opens the account alone.
    other = Browser()
    alone = "/account/2fa/webauthn/login/"
    asked = other.get(alone, headers={"accept": "application/json"}).json()
    other.post(alone, {"credential": json.dumps(key.get(asked))})
    assert is_signed_in(other)


def test_the_recovery_codes_come_with_the_account_and_are_shown_once(client: Browser) -> None:
    """Whoever loses the only key has a way back; nothing is asked again before they are shown."""
    sign_up(client, query="?next=/account/apps/")
    text = page(client.get(f"{CODES}?next=/account/apps/"))
    codes = re.findall(r"<li[^>]*>\s*([0-9 -]{8,})\s*</li>", text)
    assert len(codes) == 10
    assert 'href="/account/apps/"' in text
    assert codes[0] not in page(client.get(CODES))
    # The key is lost: a password by mail, and a code.
    lost = Browser()
    lost.post("/account/password/reset/", {"email": "kim@example.com"})
    link = re.search(r"https?://[^/\s]+(/account/password/reset/\S+)", str(mail.outbox[-1].body))
    assert link
    form = lost.get(link[1], follow=True).redirect_chain[-1][0]
    lost.post(form, {"password1": PASSWORD, "password2": PASSWORD})
    assert sign_in(lost, "kim").headers["Location"] == "/account/2fa/authenticate/"
    lost.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert is_signed_in(lost)


@pytest.mark.parametrize(("flags", "words"), [(UP | UV | BE, "swk"), (UP | UV, "hwk")])
def test_a_key_that_may_leave_its_device_is_told_apart(client: Browser, flags: int, words: str) -> None:
    sign_up(client, SoftKey(flags=flags))
    assert words in LoginSession.objects.get().amr


def test_where_the_person_was_going_is_remembered(client: Browser) -> None:
    answer = sign_up(client, query="?next=/account/apps/")
    assert answer.headers["Location"] == f"{CODES}?next=%2Faccount%2Fapps%2F"
    assert (
        sign_up(Browser(), query="?next=https://evil.example/", name="bo")
        .headers["Location"]
        .endswith("next=%2Faccount%2F")
    )


@pytest.mark.parametrize(
    "key", [SoftKey(flags=UP), SoftKey(discoverable=False)], ids=["without a PIN", "cannot be found"]
)
def test_a_key_that_does_not_open_the_account_alone_makes_none(client: Browser, key: SoftKey) -> None:
    """It would be the only way in, and none."""
    answer = sign_up(client, key)
    assert "cannot open an account alone" in page(answer)
    assert not User.objects.exists()
    finish(client)
    assert is_signed_in(client)


def test_the_browser_is_asked_for_a_key_that_opens_the_account_alone(client: Browser) -> None:
    """§5.4.4, §5.8.6."""
    begin(client)
    client.post(CODE, {"code": mailed()})
    asked = options(client)["publicKey"]
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["user"]["name"] == "kim"


def test_an_address_with_an_account_looks_the_same_and_its_owner_is_told_by_mail(client: Browser) -> None:
    """Scorecard T-02."""
    ada = person("ada")
    taken, free = Browser(), Browser()
    answers = [begin(taken, "zoe", email="ada@example.com")]
    assert [message.subject for message in mail.outbox] == ["You have an account already"]
    answers.append(begin(free, "zoe"))
    assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1
    seen = [page(one.get(CODE)).replace("ada@", "zoe@") for one in (taken, free)]
    assert seen[0] == seen[1]
    wrong = [page(one.post(CODE, {"code": "ABCDEFGH"})).replace("ada@", "zoe@") for one in (taken, free)]
    assert wrong[0] == wrong[1]
    taken.post(CODE, {"again": "1"})
    assert mail.outbox[-1].to == ["ada@example.com"]
    assert taken.get(MAKE).headers["Location"].startswith(START)
    flush()
    names = set(AuditEvent.objects.filter(user=str(ada.pk)).values_list("name", flat=True))
    assert {"person:sign_up:begun", "person:sign_up:refused"} <= names


def test_no_step_can_be_left_out(client: Browser) -> None:
    """CVE-2026-18963: the pages, driven out of order."""
    assert client.get(CODE).headers["Location"].startswith(START)
    assert client.get(MAKE).headers["Location"].startswith(START)
    begin(client)
    assert client.get(MAKE).headers["Location"].startswith(START)
    assert (
        send(
            client,
            SoftKey().create({"publicKey": {"user": {"id": "aa"}, "rp": {"id": "id.example"}, "challenge": "aaaa"}}),
        ).status_code
        == 303
    )
    assert not User.objects.exists()
    # The code of one address proves no other.
    code = mailed()
    begin(client, "eve")
    assert "not right" in page(client.post(CODE, {"code": code}))


def test_a_code_is_void_after_five_wrong_ones_and_after_ten_minutes(client: Browser) -> None:
    begin(client)
    code = mailed()
    for _ in range(5):
        answer = client.post(CODE, {"code": "ABCDEFGH"})
    assert answer.headers["Location"] == START
    client.post(CODE, {"code": code})
    assert client.get(MAKE).headers["Location"].startswith(START)
    begin(client)
    code = mailed()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert client.post(CODE, {"code": code}).headers["Location"] == START


def test_another_code_makes_the_one_before_void(client: Browser) -> None:
    begin(client)
    former = mailed()
    client.post(CODE, {"again": "1"})
    assert "not right" in page(client.post(CODE, {"code": former}))
    assert client.post(CODE, {"code": mailed()}).headers["Location"] == MAKE


def test_nobody_is_flooded_with_codes(client: Browser, settings: Any) -> None:
    settings.THROTTLES = True
    for _ in range(5):
        begin(client)
    assert "Too many codes" in page(begin(client))
    assert mail.outbox == []


def test_whoever_was_invited_needs_no_code(client: Browser, settings: Any) -> None:
    """The link has proved the address; it is spent with the account and not before."""
    settings.SIGN_UP = "invited"
    assert "By invitation only" in page(client.get(START))
    mail.outbox.clear()
    invite("kim@example.com", timezone.now())
    link = re.search(r"(/account/invitation/\S+/)", str(mail.outbox[-1].body))
    assert link
    client.get(link[1])
    assert "This invitation is for" in page(client.get(START))
    assert begin(client, email="other@example.com").headers["Location"] == MAKE
    assert Invitation.objects.get().used_at is None
    finish(client)
    assert is_signed_in(client)
    kim = User.objects.get()
    assert kim.email == "kim@example.com"
    assert Invitation.objects.get().person == kim
    assert "account:invitation:accepted" in facts(kim)
    assert LoginSession.objects.get().acr == "phr"


def test_an_invitation_that_is_put_aside_on_the_way_proves_nothing_any_more(client: Browser) -> None:
    invite("kim@example.com", timezone.now())
    link = re.search(r"(/account/invitation/\S+/)", str(mail.outbox[-1].body))
    assert link
    client.get(link[1])
    begin(client)
    client.post("/account/invitation/not-mine/")
    assert finish(client).status_code == 410
    assert not User.objects.exists()
    assert AuditEvent.objects.filter(name="person:sign_up:refused", facts__reason="invitation_over").exists()


@pytest.mark.parametrize("mode", ["closed", "invited"])
def test_who_may_not_sign_up_cannot_by_this_way_either(client: Browser, settings: Any, mode: str) -> None:
    begin(client)
    code = mailed()
    settings.SIGN_UP = mode
    client.post(CODE, {"code": code})
    assert "id_submit" not in page(client.get(START))
    assert not User.objects.exists()


def test_whoever_was_invited_is_turned_away_too_where_sign_up_is_closed_meanwhile(
    client: Browser, settings: Any
) -> None:
    invite("kim@example.com", timezone.now())
    link = re.search(r"(/account/invitation/\S+/)", str(mail.outbox[-1].body))
    assert link
    client.get(link[1])
    begin(client)
    asked = options(client)
    settings.SIGN_UP = "closed"
    assert "takes no new people" in page(send(client, SoftKey().create(asked)))
    assert not User.objects.exists()


def test_only_addresses_of_allowed_domains(client: Browser, settings: Any) -> None:
    settings.SIGN_UP_DOMAINS = ("example.org",)
    assert "Only addresses of example.org" in page(begin(client))
    assert mail.outbox == []


def test_the_terms_are_accepted_at_the_beginning(client: Browser, settings: Any) -> None:
    settings.TERMS_VERSION, settings.TERMS_URL = "1", "https://example.com/terms"
    assert begin(client).status_code == 200
    begin(client, terms="on")
    client.post(CODE, {"code": mailed()})
    finish(client)
    assert is_signed_in(client)
    assert AcceptedTerms.objects.holds(User.objects.get(), "1")


def test_terms_that_changed_on_the_way_are_accepted_anew(client: Browser, settings: Any) -> None:
    settings.TERMS_VERSION, settings.TERMS_URL = "1", "https://example.com/terms"
    begin(client, terms="on")
    client.post(CODE, {"code": mailed()})
    key, asked = SoftKey(), options(client)
    settings.TERMS_VERSION = "2"
    assert send(client, key.create(asked)).headers["Location"] == START
    assert not User.objects.exists()


def test_whoever_merely_typed_the_address_keeps_nobody_out(client: Browser) -> None:
    """Pre-hijacking."""
    squatter = User.objects.create_user("eve", "kim@example.com", PASSWORD)
    User.objects.give_email(squatter, "kim@example.com", verified=False)
    sign_up(client)
    assert EmailAddress.objects.get(verified=True).user.username == "kim"


def test_a_sign_up_that_waits_holds_nobody_at_the_door(client: Browser) -> None:
    """Whoever changes their mind signs in, or chooses a password, in the same browser."""
    person("ada")
    begin(client)
    assert client.get("/account/login/").status_code == 200
    assert client.get("/account/signup/").status_code == 200
    sign_in(client, "ada")
    assert is_signed_in(client)
    assert client.get(CODE).headers["Location"] == "/account/"


def test_nothing_that_was_mailed_stands_in_the_session(client: Browser) -> None:
    begin(client)
    assert mailed().replace("-", "") not in str(dict(client.session.items())).replace("-", "")


def test_where_no_passkeys_can_be_made_the_password_is_what_is_offered(client: Browser, settings: Any) -> None:
    assert "id_by_passkey" in page(client.get("/account/signup/"))
    settings.ISSUER = "http://127.0.0.1:8000"
    assert (
        client.get(f"{START}?next=/account/apps/").headers["Location"] == "/account/signup/?next=%2Faccount%2Fapps%2F"
    )
    assert "id_by_passkey" not in page(client.get("/account/signup/"))
