"""A code by mail instead of a password (scorecard T-02, T-04, T-06; ASVS 5.0 §6.3.8, §6.5, §6.6; NIST SP 800-63B §5.1.3)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from identity.models import LoginSession, SpentMailedCode, User
from identity.sign_in.stages import ways_in, ways_of
from oauth_server.audit import record
from oauth_server.models import AuditEvent
from tests.identity.test_enumeration import answer
from tests.support.factors import give_app
from tests.support.people import LOGIN, PASSWORD, is_signed_in, page, person, sid_of, sign_in

pytestmark = pytest.mark.django_db
ASK, TYPE = "/account/login/code/", "/account/login/code/confirm/"


@pytest.fixture(autouse=True)
def ada(settings: Any) -> User:
    settings.FEATURES = replace(settings.FEATURES, email_code=True)
    return person("ada")


def ask(browser: Browser, email: str = "ada@example.com", query: str = "", **extra: Any) -> str:
    """Ask for a code; what stands in the newest mail, or nothing where none does."""
    mail.outbox.clear()
    browser.post(ASK + query, {"email": email}, **extra)
    found = re.search(r"^([A-Z]{4}-[A-Z]{4})$", str(mail.outbox[-1].body), re.MULTILINE) if mail.outbox else None
    return found[1] if found else ""


def type_in(browser: Browser, code: str, **form: str) -> Any:
    return browser.post(TYPE, {"code": code, **form})


def test_it_is_off_unless_an_operator_asks(client: Browser, settings: Any) -> None:
    """No restricted authenticator by default: mail proves no possession of anything."""
    settings.FEATURES = replace(settings.FEATURES, email_code=False)
    assert "Email me a code" not in page(client.get(LOGIN))
    assert [client.get(one).status_code for one in (ASK, TYPE)] == [404, 404]
    assert client.post(ASK, {"email": "ada@example.com"}).status_code == 404
    assert mail.outbox == []


def test_a_code_signs_in_and_is_worth_one_factor(client: Browser) -> None:
    """RFC 8176 §2: otp. Where the person wanted to go is kept through both pages."""
    assert f"{ASK}?next=%2Faccount%2Fprofile%2F" in page(client.get(f"{LOGIN}?next=/account/profile/"))
    code = ask(client, query="?next=/account/profile/")
    response = type_in(client, code.lower().replace("-", " "))
    assert response.headers["Location"] == "/account/profile/"
    session = LoginSession.objects.get(ended_at=None)
    assert (session.acr, session.amr) == ("1", ["otp"])


def test_a_second_step_is_asked_of_whoever_has_one(client: Browser, ada: User) -> None:
    app = give_app(ada)
    response = type_in(client, ask(client, query="?next=/account/profile/"))
    assert response.headers["Location"] == "/account/2fa/authenticate/"
    assert not is_signed_in(client)
    client.post("/account/2fa/authenticate/", {"code": app.code()})
    session = LoginSession.objects.get(ended_at=None)
    assert (session.acr, session.amr) == ("2", ["otp", "mfa"])


def test_a_mailbox_makes_no_browser_known_and_the_owner_hears_of_it(client: Browser) -> None:
    sign_in(client)
    other = Browser()
    type_in(other, ask(other))
    assert mail.outbox[-1].subject == "A new sign-in to your account"


def test_every_address_gets_the_same_answers_at_the_same_cost_and_one_mail(ada: User) -> None:
    """No enumeration: pages, headers, cookies, statements, mails; with the first code and until it is void."""
    User.objects.filter(pk=person("disabled").pk).update(is_active=False)
    claimant = User.objects.create_user("eve", "kim@example.com", PASSWORD)
    User.objects.give_email(claimant, "kim@example.com", verified=False)
    seen = []
    for email in ("ADA@example.com", "nobody@example.com", "disabled@example.com", "kim@example.com"):
        browser = Browser()
        browser.get(ASK)
        mail.outbox.clear()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            first = browser.post(ASK, {"email": email})
        answers = [answer(first, email), len(mail.outbox), mail.outbox[0].to == [email.lower()], len(asked)]
        answers += [answer(browser.get(TYPE), email.lower())]
        for _ in range(5):
            with CaptureQueriesContext(connection) as typed:
                answers += [answer(type_in(browser, "BBBB-BBBB"), email.lower())]
            answers += [len([one for one in typed if "audit" not in one["sql"].lower()])]
        answers += [answer(browser.get(ASK), email.lower())]
        seen.append(answers)
    assert seen[0] == seen[1] == seen[2] == seen[3]


def test_somebody_who_is_signed_in_learns_no_more(client: Browser) -> None:
    """With prompt=login the page for the code opens for an address without an account too."""
    person("eve")
    sign_in(client, "eve")
    sid = sid_of(client)
    for email in ("ada@example.com", "nobody@example.com"):
        client.post(f"{ASK}?prompt=login", {"email": email})
        assert client.get(TYPE).status_code == 200
        assert "not right" in page(type_in(client, "BBBB-BBBB"))
    assert sid_of(client) == sid
    assert LoginSession.objects.get(ended_at=None).amr == ["pwd"]


@pytest.mark.parametrize("email", ["m\u0131ke@example.com", "mi\u212ae@example.com"])
def test_no_code_goes_to_a_look_alike(client: Browser, email: str) -> None:
    """CVE-2019-19844."""
    person("mike")
    code = ask(client, email)
    assert not code or mail.outbox[0].to == ["mike@example.com"]


def test_whoever_merely_typed_an_address_shares_no_account_with_its_owner(client: Browser) -> None:
    """Pre-hijacking (Sudhodanan and Paverd): a code does not confirm an address that somebody else signed up with."""
    claimant = User.objects.create_user("eve", "kim@example.com", PASSWORD)
    User.objects.give_email(claimant, "kim@example.com", verified=False)
    assert ask(client, "kim@example.com") == ""
    assert not EmailAddress.objects.get(email="kim@example.com").verified


def test_five_wrong_tries_make_a_code_void(client: Browser) -> None:
    """Scorecard T-06."""
    code = ask(client)
    answers = [type_in(client, "BBBB-BBBB") for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 200, 303]
    type_in(client, code)
    assert not is_signed_in(client)
    assert "so that one is void" in page(client.get(ASK))
    type_in(client, ask(client))
    assert is_signed_in(client)


def test_parallel_tries_are_five_too(client: Browser) -> None:
    """R-08: they all read the session as it was, so the tries are counted outside of it."""
    ask(client)
    stored = client.session["account_login"]

    def a_try(code: str) -> bool:
        session = client.session
        session["account_login"] = stored
        session.save()
        type_in(client, code)
        return is_signed_in(client)

    code = ask(client)
    stored = client.session["account_login"]
    assert not any(a_try("BBBB-BBBB") for _ in range(5))
    assert not a_try(code)


def test_of_two_requests_that_bring_one_code_at_once_one_signs_in(client: Browser) -> None:
    """ASVS 6.5.1, scorecard R-07: both read the session as it was before either."""
    code = ask(client)
    twin = Browser()
    as_it_was = twin.session
    as_it_was.update(dict(client.session.items()))
    as_it_was.save()
    type_in(client, code)
    refused = type_in(twin, code)
    assert "not right" in page(refused)
    assert [is_signed_in(client), is_signed_in(twin)] == [True, False]
    assert LoginSession.objects.count() == 1
    assert code.replace("-", "") not in str(SpentMailedCode.objects.values().get()).upper()


def test_a_code_works_once_and_only_in_the_browser_that_asked(client: Browser) -> None:
    """ASVS 6.5.1; a code that a mail program's scanner or a thief reads opens nothing elsewhere."""
    code = ask(client)
    thief = Browser()
    ask(thief)
    type_in(thief, code)
    assert not is_signed_in(thief)
    type_in(client, code)
    client.post("/account/logout/")
    type_in(client, code)
    assert not is_signed_in(client)


@pytest.mark.parametrize("seconds", [-5, 5])
def test_a_code_lives_for_ten_minutes(client: Browser, settings: Any, seconds: int) -> None:
    """NIST SP 800-63B §5.1.3.2."""
    assert settings.LIFETIMES.email_code == 600
    code = ask(client)
    with time_machine.travel(timezone.now() + timedelta(seconds=600 + seconds)):
        response = type_in(client, code)
        assert is_signed_in(client) is (seconds < 0)
        assert response.headers["Location"] == ("/account/" if seconds < 0 else ASK)


def test_an_address_that_was_taken_off_the_account_meanwhile_opens_nothing(client: Browser) -> None:
    code = ask(client)
    EmailAddress.objects.filter(email="ada@example.com").update(email="ada@example.org")
    assert "not right" in page(type_in(client, code))
    assert not is_signed_in(client)


def test_only_a_digest_of_the_code_is_kept(client: Browser) -> None:
    """ASVS 11.2, scorecard L-02: not even in the session, which is sealed in its table."""
    code = ask(client)
    kept = json.dumps(client.session["account_login"]).upper()
    assert len(code) == 9
    assert code not in kept
    assert code.replace("-", "") not in kept


def test_the_session_gets_another_key(client: Browser) -> None:
    """Session fixation: a cookie that somebody planted is not the one that is signed in."""
    code = ask(client)
    planted = (
        client.cookies["sessionid"].value
        if "sessionid" in client.cookies
        else next(iter(client.cookies.values())).value
    )
    type_in(client, code)
    assert is_signed_in(client)
    assert planted not in {one.value for one in client.cookies.values()}


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_asking_has_a_limit_for_every_address_alike(client: Browser, email: str) -> None:
    """Nobody's mailbox is filled, whoever is meant; five an hour from one place, ten in all."""
    for _ in range(5):
        assert client.post(ASK, {"email": email}).status_code == 303
    assert "Too many codes were asked for" in page(client.post(ASK, {"email": email}))
    for n in range(20):
        Browser().post(ASK, {"email": email.upper()}, REMOTE_ADDR=f"198.51.100.{n}")
    assert len(mail.outbox) == 10


def test_a_stranger_who_asks_keeps_nobody_out_of_a_browser_they_know(client: Browser) -> None:
    """Scorecard T-04."""
    sign_in(client)
    client.post("/account/logout/")
    for n in range(20):
        Browser().post(ASK, {"email": "ada@example.com"}, REMOTE_ADDR=f"198.51.100.{n}")
    type_in(client, ask(client))
    assert is_signed_in(client)


def test_a_reload_and_a_second_tab_find_the_code_page(client: Browser) -> None:
    """Each tab goes to where it wants to go."""
    code = ask(client, query="?next=/account/profile/")
    assert "ada@example.com" in page(client.get(TYPE))
    assert 'value="/account/profile/"' in page(client.get(TYPE))
    assert 'value="/account/sessions/"' in page(client.get(f"{TYPE}?next=/account/sessions/"))
    response = type_in(client, code, next="/account/profile/")
    assert response.headers["Location"] == "/account/profile/"
    assert client.get(TYPE).headers["Location"] == "/account/"


def test_the_sign_in_page_stays_open_for_another_way(client: Browser) -> None:
    code = ask(client)
    assert client.get(LOGIN).status_code == 200
    sign_in(client)
    assert is_signed_in(client)
    client.post("/account/logout/")
    type_in(client, code)
    assert not is_signed_in(client)


def test_giving_up_leads_back_to_what_was_wanted(client: Browser) -> None:
    code = ask(client, query="?next=/account/profile/")
    assert client.post("/account/login/cancel/").headers["Location"] == "/account/profile/"
    type_in(client, code)
    assert not is_signed_in(client)


def test_what_is_proved_by_mail_counts_as_a_way_in(ada: User, settings: Any) -> None:
    """Nobody who can have a code is told that their last key is the last way in."""
    assert (ways_in(ada), ways_of(ada)) == (2, {"password", "email_code"})
    EmailAddress.objects.update(verified=False)
    assert ways_in(ada) == 1


def test_whoever_has_neither_password_nor_key_proves_it_again_by_a_code(client: Browser, ada: User) -> None:
    """A change that matters asks for a fresh proof, and the code is one."""
    ada.set_unusable_password()
    ada.save()
    type_in(client, ask(client))
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        response = client.get("/account/2fa/totp/activate/")
        assert response.headers["Location"].startswith("/account/login/?")
        assert "prompt=login" in response.headers["Location"]
        type_in(client, ask(client, query="?prompt=login&next=/account/2fa/totp/activate/"))
        assert client.get("/account/2fa/totp/activate/").status_code == 200


def test_the_audit_log_and_the_owner_see_what_was_asked_and_refused(client: Browser, ada: User) -> None:
    ask(client)
    type_in(client, "BBBB-BBBB")
    record.flush()
    facts = AuditEvent.objects.filter(user=str(ada.pk)).values_list("name", flat=True)
    assert {"person:code:mailed", "person:code:refused"} <= set(facts)
    type_in(client, ask(client))
    told = page(client.get("/account/activity/"))
    assert "Somebody asked for a sign-in code" in told
    assert "Somebody typed a wrong sign-in code" in told
