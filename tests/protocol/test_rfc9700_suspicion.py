"""RFC 9700 §4.14: refreshes that look like those of a thief raise an event, a mail and what the policy says besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from identity.models import MailedNotice, TrustedBrowser, User
from oauth_server.audit import record
from oauth_server.models import AuditEvent, TokenFamily
from oauth_server.portal.happenings import tell
from oauth_server.settings.features import Rate
from tests.support.front_channel import Browser, answer, location
from tests.support.parties import Http, Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]
PLACES = ("198.51.100.7", "203.0.113.9")


@pytest.fixture
def owner(person: User) -> User:
    """Somebody whose address is theirs."""
    User.objects.give_email(person, person.email, verified=True)
    return person


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.REFRESH_BURST, settings.NETWORK_CHANGES = Rate(4, 60), Rate(3, 600)


def refresh(party: Party, token: str, address: str = "127.0.0.1") -> tuple[int, dict[str, Any]]:
    party.http = Http(address)
    got = party.post("/oauth/token", grant_type="refresh_token", refresh_token=token)
    return got.status_code, got.json()


def hurry(party: Party, tokens: dict[str, Any], times: int = 5, places: tuple[str, ...] = PLACES[:1]) -> int:
    """Refresh so often, from one place after another; the last status."""
    status, token = 200, tokens["refresh_token"]
    for step in range(times):
        status, members = refresh(party, token, places[step % len(places)])
        token = members.get("refresh_token", token)
    return status


def found() -> list[AuditEvent]:
    record.flush()
    return list(AuditEvent.objects.filter(suspicious=True).order_by("pk"))


def test_a_burst_is_an_event_a_line_for_the_owner_and_a_mail(app: Party, redeem: Redeem, owner: User) -> None:
    """And nothing is refused: the client may be faulty."""
    tokens = redeem(app)
    assert hurry(app, tokens, 4) == 200
    assert found() == [] == mail.outbox
    assert hurry(app, redeem(app), 5) == 200
    (event,) = found()
    assert (event.name, event.facts["ended"], event.user) == ("token:refresh:burst", False, str(owner.pk))
    assert "unusually often" in tell([event])[0].text
    (message,) = mail.outbox
    assert message.to == [owner.email]
    assert "far more often" in str(message.body)
    assert "Nothing was ended" in str(message.body)
    assert "far more often" in message.alternatives[0][0]


def test_two_places_at_once_are_an_event_a_line_for_the_owner_and_a_mail(
    app: Party, redeem: Redeem, owner: User, settings: Any
) -> None:
    settings.REFRESH_BURST = Rate(0, 1)
    assert hurry(app, redeem(app), 9, PLACES) == 200
    (event,) = found()
    assert (event.name, event.facts["changes"]) == ("token:refresh:moved", 4)
    assert event.facts["previous"] in PLACES
    assert "from many networks" in tell([event])[0].text
    (message,) = mail.outbox
    assert "from many networks" in str(message.body)


def test_nobody_is_mailed_where_the_operator_wants_the_event_alone(
    app: Party, redeem: Redeem, owner: User, settings: Any
) -> None:
    settings.REFRESH_BURST_POLICY = "record"
    assert hurry(app, redeem(app)) == 200
    assert [event.name for event in found()] == ["token:refresh:burst"]
    assert mail.outbox == []


@pytest.mark.parametrize("pattern", ["burst", "moved"])
def test_by_policy_the_grant_ends_and_the_person_proves_again_who_they_are(
    app: Party, redeem: Redeem, owner: User, browser: Browser, settings: Any, pattern: str
) -> None:
    """``invalid_grant`` is what clients understand: they begin a new authorization, and there the step-up waits."""
    settings.REFRESH_BURST_POLICY = settings.NETWORK_CHANGES_POLICY = "step_up"
    settings.REFRESH_BURST = settings.REFRESH_BURST if pattern == "burst" else Rate(0, 1)
    session = browser.sign_in(owner)
    browser.walk(browser.authorize(app), owner)
    now = timezone.now()
    TrustedBrowser.objects.create(user=owner, digest="d", sid="s", created=now, last_used=now, expires=now)
    tokens = redeem(app, session_sid=session.sid)
    mail.outbox.clear()
    token = tokens["refresh_token"]
    for step in range(9):
        status, members = refresh(app, token, PLACES[step % 2] if pattern == "moved" else PLACES[0])
        if status != 200:
            break
        token = members["refresh_token"]
    assert (status, members["error"]) == (400, "invalid_grant")
    assert app.introspect(tokens["access_token"]) == {"active": False}
    (event,) = found()
    assert (event.name, event.facts["ended"]) == (f"token:refresh:{pattern}", True)
    assert "so it was ended" in tell([event])[0].text
    assert "Its access was ended" in str(mail.outbox[0].body)
    assert not TrustedBrowser.objects.exists()

    silent = browser.authorize(app, prompt="none")
    assert answer(silent)["error"] == "login_required"
    asked = browser.get(location(browser.authorize(app)))
    assert "prompt=login" in location(asked)
    assert "code=" in location(browser.walk(asked, owner))
    assert "code=" in location(browser.authorize(app, prompt="none"))
    assert browser.http.session["sid"] == session.sid


def test_by_policy_the_sign_in_ends_and_all_that_hangs_on_it(
    app: Party, make_client: Callable[..., Party], redeem: Redeem, owner: User, browser: Browser, settings: Any
) -> None:
    settings.REFRESH_BURST_POLICY = "end"
    session = browser.sign_in(owner)
    other = make_client()
    elsewhere = redeem(other, session_sid=session.sid)
    assert hurry(app, redeem(app, session_sid=session.sid)) == 400
    session.refresh_from_db()
    assert session.end_reason == "suspicious"
    assert other.introspect(elsewhere["access_token"]) == {"active": False}
    assert set(TokenFamily.objects.values_list("revoke_reason", flat=True)) == {"suspicious"}
    assert "/account/login/" in location(browser.get("/account/"))


def test_a_grant_without_a_sign_in_ends_alone(app: Party, redeem: Redeem, owner: User, settings: Any) -> None:
    """Offline access may outlive the sign-in that it came from."""
    settings.REFRESH_BURST_POLICY = "end"
    assert hurry(app, redeem(app, session_sid=None)) == 400
    assert found()[0].facts["ended"] is True


def test_one_application_neither_floods_a_mailbox_nor_silences_what_is_said_of_another(
    app: Party, make_client: Callable[..., Party], redeem: Redeem, owner: User
) -> None:
    """Each grant of a noisy application is an event; its owner is mailed once, and at once of any other application."""
    for _ in range(5):
        hurry(app, redeem(app))
    assert len(found()) == 5
    assert len(mail.outbox) == 1
    other = make_client(client_name="Another")
    hurry(other, redeem(other))
    assert "Another" in mail.outbox[1].subject
    with time_machine.travel(timezone.now().timestamp() + 21_601, tick=True):
        hurry(app, redeem(app))
    assert len(mail.outbox) == 3


def test_the_alarm_of_a_reuse_is_limited_the_same_way(
    app: Party, make_client: Callable[..., Party], redeem: Redeem, owner: User
) -> None:
    """A burst of the same application is another pattern: it silences no reuse."""
    hurry(app, redeem(app))
    mail.outbox.clear()
    other = make_client()
    for party in (app, app, app, other):
        tokens = redeem(party)
        refresh(party, tokens["refresh_token"])
        assert refresh(party, tokens["refresh_token"])[1]["error"] == "invalid_grant"
    assert len([event for event in found() if event.name == "token:refresh:reused"]) == 4
    assert len(mail.outbox) == 2


def test_a_mail_that_could_not_be_written_silences_nothing(
    app: Party, redeem: Redeem, owner: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "nowhere.Backend"
    assert hurry(app, redeem(app)) == 200
    assert not MailedNotice.objects.exists()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    hurry(app, redeem(app))
    assert len(mail.outbox) == 1


def test_who_only_claims_an_address_is_not_mailed(app: Party, redeem: Redeem, person: User) -> None:
    hurry(app, redeem(app))
    assert len(found()) == 1
    assert mail.outbox == []


def test_a_retry_within_the_grace_counts_for_nothing(app: Party, redeem: Redeem, owner: User, settings: Any) -> None:
    """A client that lost an answer asks again and again for the same one."""
    settings.LIFETIMES = replace(settings.LIFETIMES, refresh_retry_grace=10)
    token = redeem(app)["refresh_token"]
    for _ in range(20):
        assert refresh(app, token)[0] == 200
    assert found() == []


@pytest.mark.django_db(transaction=True)
def test_it_is_found_outside_of_any_transaction_too(app: Party, redeem: Redeem, owner: User) -> None:
    """As in production: there PostgreSQL is asked past Django's cursor, which knows nothing of the trail's kind."""
    assert hurry(app, redeem(app), 9, PLACES) == 200
    assert [event.name for event in found()] == ["token:refresh:moved", "token:refresh:burst"]
    assert len(mail.outbox) == 2
