"""TOTP and recovery codes through django-allauth, and what they are worth (RFC 6238, RFC 8176, ASVS 5.0 §6.5)."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from identity.models import LoginSession, User
from identity.sign_in import codes
from oauth_server.models import AuditEvent
from oauth_server.portal.happenings import tell
from tests.support.factors import give_app
from tests.support.people import LOGIN, PASSWORD, is_signed_in, page, person, prove_second_step, sid_of, sign_in

pytestmark = pytest.mark.django_db
EMAIL = "/account/email/"


def code(secret: str, step: int = 0) -> str:
    """What the app on the telephone shows."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))


@pytest.fixture
def secret(client: Browser, tmp_path: Any) -> str:
    """Ada with an authenticator; nobody is signed in. The secret that her app knows."""
    person()
    sign_in(client)
    client.post("/account/reauthenticate/?next=/account/2fa/totp/activate/", {"password": PASSWORD})
    found = re.search(r'class="secret">([A-Z2-7]+)<', page(client.get("/account/2fa/totp/activate/")))
    assert found
    response = client.post("/account/2fa/totp/activate/", {"code": code(found[1], -1)})
    assert response.status_code == 302
    client.post("/account/logout/")
    return found[1]


def test_the_seed_is_encrypted_at_rest(secret: str) -> None:
    """Scorecard L-02: a stolen table makes no codes."""
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in json.dumps(stored.data)
    assert TOTP(stored).validate_code(code(secret, 1))


def test_the_password_alone_does_not_open_the_account(client: Browser, secret: str) -> None:
    response = sign_in(client)
    assert response.headers["Location"] == "/account/2fa/authenticate/"
    assert not is_signed_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret)})
    assert is_signed_in(client)
    session = LoginSession.objects.get(ended_at=None)
    assert (session.acr, session.amr) == ("2", ["pwd", "otp", "mfa"])


def test_a_code_works_once(client: Browser, secret: str) -> None:
    """RFC 6238 §5.2, ASVS 6.5.1."""
    digits = code(secret)
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": digits})
    assert is_signed_in(client)
    for seconds in (0, 25):
        cache.clear()  # another process has another cache
        other = Browser()
        with time_machine.travel(time.time() + seconds):
            sign_in(other)
            other.post("/account/2fa/authenticate/", {"code": digits})
            assert not is_signed_in(other)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_parallel_uses_of_one_code_one_succeeds(client: Browser, secret: str) -> None:
    """Scorecard R-07."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory knows no second connection")
    authenticator = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    spent: list[bool] = []

    def use() -> None:
        spent.append(User.objects.spend_step(authenticator, 10**9))
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(spent) == 1


def test_a_reload_and_a_second_tab_find_the_second_step(client: Browser, secret: str) -> None:
    """What was proved waits in the browser: nobody begins again because a page was closed."""
    sign_in(client)
    for _reload in range(2):
        assert "One more step" in page(client.get("/account/2fa/authenticate/"))
    tab = client.get(f"{LOGIN}?next=/account/profile/")
    assert tab.headers["Location"] == "/account/2fa/authenticate/?next=%2Faccount%2Fprofile%2F"
    answer = client.post("/account/2fa/authenticate/", {"code": code(secret), "next": "/account/profile/"})
    assert answer.headers["Location"] == "/account/profile/"
    assert client.get("/account/2fa/authenticate/").status_code == 302, "the first tab goes on too"
    assert is_signed_in(client)


def test_guessing_codes_has_a_limit(client: Browser, secret: str) -> None:
    """Scorecard T-06."""
    sign_in(client)
    for _ in range(5):
        assert "This code is not right" in page(client.post("/account/2fa/authenticate/", {"code": "000000"}))
    response = client.post("/account/2fa/authenticate/", {"code": code(secret)})
    assert "Too many wrong codes" in page(response)
    assert not is_signed_in(client)


def test_after_a_pause_a_few_more_codes_are_judged_and_then_a_longer_pause_comes(client: Browser, secret: str) -> None:
    """Scorecard T-06: five, then backoff: ten an hour, twenty a day, in whichever browser."""
    judged = []
    for minutes in (0, 3, 6, 30, 59, 70, 90, 200, 600, 1_200):
        with time_machine.travel(time.time() + 60 * minutes):
            browser = Browser()
            sign_in(browser)
            for _ in range(6):
                answer = page(browser.post("/account/2fa/authenticate/", {"code": "000000"}))
                judged.append((minutes, "This code is not right" in answer))
    assert sum(right for minutes, right in judged if minutes < 5) == 5
    assert sum(right for minutes, right in judged if minutes < 60) == 10
    assert sum(right for _, right in judged) == 20


def test_a_thief_of_the_password_locks_nobody_out_of_a_browser_they_know(client: Browser, secret: str) -> None:
    """Scorecard T-04 for codes: the owner's browser has limits of its own."""
    thief = Browser()
    sign_in(thief)
    for _ in range(8):
        thief.post("/account/2fa/authenticate/", {"code": "000000"})
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret)})
    assert is_signed_in(client)


def test_signing_in_again_asks_for_both_factors_and_renews_the_session(client: Browser, secret: str) -> None:
    """OpenID Connect Core §3.1.2.1: allauth alone would send a signed-in person away from the second step, forever."""
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret)})
    before = LoginSession.objects.get(ended_at=None)
    response = sign_in(client, query="?prompt=login&next=/account/profile/")
    assert response.headers["Location"] == "/account/2fa/authenticate/"
    assert LoginSession.objects.get(ended_at=None).auth_time == before.auth_time
    response = client.post("/account/2fa/authenticate/", {"code": code(secret, 1)})
    assert response.headers["Location"] == "/account/profile/"
    after = LoginSession.objects.get(ended_at=None)
    assert after.sid == before.sid == sid_of(client)
    assert after.auth_time > before.auth_time


def test_giving_up_at_the_second_step_leaves_the_former_session_as_it_was(client: Browser, secret: str) -> None:
    """CVE-2023-6787."""
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret)})
    before = LoginSession.objects.values().get(ended_at=None)
    sign_in(client, query="?prompt=login&next=/account/profile/")
    assert client.post("/account/login/cancel/").headers["Location"] == "/account/profile/"
    assert is_signed_in(client)
    assert LoginSession.objects.values().get(ended_at=None) == before


def test_a_level_is_worth_what_this_sign_in_did_not_what_a_former_one_did(client: Browser, secret: str) -> None:
    """Two factors yesterday are not two factors today."""
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret)})
    Authenticator.objects.all().delete()
    sign_in(client, query="?prompt=login")
    session = LoginSession.objects.get(ended_at=None)
    assert (session.acr, session.amr) == ("1", ["pwd"])


def test_a_recovery_code_opens_the_account_once(client: Browser, secret: str) -> None:
    """ASVS 6.5.1."""
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    for browser, expected in ((client, True), (Browser(), False)):
        sign_in(browser)
        browser.post("/account/2fa/authenticate/", {"code": codes[0]})
        assert is_signed_in(browser) is expected


def test_recovery_codes_are_shown_once_and_kept_as_digests(client: Browser, secret: str) -> None:
    """Scorecard L-02, ASVS 6.5.2: who reads the table, key and all, finds no code."""
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret)})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.post("/account/2fa/recovery-codes/generate/")
    shown = re.findall(r"<li>(\d{5} \d{5})</li>", page(client.get("/account/2fa/recovery-codes/")))
    assert len(shown) == 10
    assert not re.search(r"\d{5} \d{5}", page(client.get("/account/2fa/recovery-codes/")))
    stored = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    assert "seed" not in stored.data
    opened = stored.wrap().get_unused_codes()
    assert not {one.replace(" ", "") for one in shown} & set(opened)
    assert "10 left" in page(client.get("/account/2fa/"))
    for typed, expected in (
        (shown[3], True),
        (shown[3], False),
        (shown[7].replace(" ", "-"), True),
        (opened[0], False),
    ):
        browser = Browser()
        sign_in(browser)
        browser.post("/account/2fa/authenticate/", {"code": typed})
        assert is_signed_in(browser) is expected, typed
    assert "8 left" in page(client.get("/account/2fa/"))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_parallel_uses_of_one_recovery_code_one_succeeds(client: Browser, secret: str) -> None:
    """Scorecard R-07."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory knows no second connection")
    stored = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    known = stored.wrap().get_unused_codes()[0]
    codes.seal(stored)
    spent: list[bool] = []

    def use() -> None:
        spent.append(codes.spend(stored.user, known) is not None)
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(spent) == 1


def test_turning_it_off_needs_the_password_again(client: Browser, secret: str) -> None:
    """ASVS 7.5.1."""
    sign_in(client)
    client.post("/account/2fa/authenticate/", {"code": code(secret)})
    response = client.post("/account/2fa/totp/deactivate/")
    assert "reauthenticate" in response.headers["Location"]
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()
    assert client.get(LOGIN).status_code == 302


def test_whoever_has_a_second_step_is_offered_to_end_the_sign_ins_that_had_none(client: Browser) -> None:
    """ASVS 7.4.3: after a factor changes."""
    user = person()
    other = Browser()
    sign_in(other)
    sign_in(client)
    offer = "You are signed in on 1 other browser."
    assert offer not in page(client.get("/account/2fa/"))
    give_app(user)
    assert offer in page(client.get("/account/2fa/"))
    client.post("/account/sessions/end-others/")
    assert not is_signed_in(other)
    assert offer not in page(client.get("/account/2fa/"))


def test_whoever_has_a_second_step_adds_an_address_that_counts_once_it_is_confirmed(client: Browser) -> None:
    """A proof of the second step is asked as for every change of a way in; the link in the mail makes the address theirs."""
    ada = person()
    sign_in(client)
    app = give_app(ada)
    asked = client.post(EMAIL, {"action_add": "", "email": "new@example.com"}).headers["Location"]
    assert asked.startswith("/account/2fa/reauthenticate/")
    client.post("/account/2fa/reauthenticate/", {"code": app.code()})
    mail.outbox.clear()
    client.post(EMAIL, {"action_add": "", "email": "New@example.com"})
    added = EmailAddress.objects.get(user=ada, email="new@example.com")
    assert (added.verified, added.primary) == (False, False)
    assert "is already" in page(client.post(EMAIL, {"action_add": "", "email": "new@example.com"}))
    Browser().post("/account/password/reset/", {"email": "new@example.com"})
    to_it = [str(message.body) for message in mail.outbox if message.to == ["new@example.com"]]
    assert not any("password/reset/key" in body for body in to_it)
    link = re.search(r"/account/confirm-email/\S+/", to_it[0])
    assert link
    client.post(link[0])
    added.refresh_from_db()
    assert added.verified


def test_no_second_step_stands_between_an_unconfirmed_address_and_its_owner(client: Browser) -> None:
    """Pre-hijacking: who comes first with somebody's address, unconfirmed, neither sets up a factor nor has one before."""
    ada = person()
    sign_in(client)
    EmailAddress.objects.filter(user=ada).update(verified=False)
    assert client.get("/account/2fa/totp/activate/").headers["Location"] == "/account/2fa/"
    give_app(ada)
    prove_second_step(client)
    answer = page(client.post(EMAIL, {"action_add": "", "email": "new@example.com"}))
    assert "protected by two-factor authentication" in answer
    assert not EmailAddress.objects.filter(email="new@example.com").exists()


def test_the_person_reads_of_one_thing_that_they_did_once(
    client: Browser, django_capture_on_commit_callbacks: Any
) -> None:
    """allauth says of recovery codes, which come and go with a second step, that a second step came and went."""
    ada = person()
    sign_in(client)
    client.post("/account/reauthenticate/?next=/account/2fa/totp/activate/", {"password": PASSWORD})
    found = re.search(r'class="secret">([A-Z2-7]+)<', page(client.get("/account/2fa/totp/activate/")))
    assert found
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/2fa/totp/activate/", {"code": code(found[1], -1)})
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/account/2fa/totp/deactivate/")
    events = AuditEvent.objects.filter(name="person:account:changed", user=str(ada.pk)).order_by("pk")
    assert [event.facts["change"] for event in events if "created" not in event.facts["change"]] == [
        "account:factor:added", "account:codes:added", "account:factor:removed", "account:codes:removed",
    ]  # fmt: skip
    texts = [told.text for told in tell(events)]
    assert len(texts) == len(set(texts))
