"""A sign-in that is used from many networks in a short time: an event, a mail, and what the policy says besides."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from identity.models import LoginSession, TrustedBrowser, User
from identity.sign_in.lately import proved_lately
from oauth_server.audit import record
from oauth_server.models import AuditEvent
from oauth_server.portal.happenings import tell
from oauth_server.settings.features import Rate
from tests.support.front_channel import Browser, location
from tests.support.parties import Party

pytestmark = pytest.mark.django_db

HOME, AWAY = "198.51.100.7", "203.0.113.9"


@pytest.fixture(autouse=True)
def owner(person: User, settings: Any) -> User:
    """Somebody whose address is theirs, where four changes in ten minutes are one too many."""
    settings.NETWORK_CHANGES = Rate(3, 600)
    User.objects.give_email(person, person.email, verified=True)
    return person


@pytest.fixture
def session(browser: Browser, owner: User) -> LoginSession:
    """Signed in at home."""
    browser.http.defaults["REMOTE_ADDR"] = HOME
    session = browser.sign_in(owner)
    visit(browser, HOME)
    mail.outbox.clear()
    return session


def visit(browser: Browser, *places: str) -> int:
    """Look at a page of the account from each of these; the last status."""
    status = 0
    for place in places:
        browser.http.defaults["REMOTE_ADDR"] = place
        status = browser.get(reverse("account_profile")).status_code
    return status


def found() -> list[AuditEvent]:
    record.flush()
    return list(AuditEvent.objects.filter(suspicious=True).order_by("pk"))


def test_a_person_who_moves_about_is_left_alone(browser: Browser, session: LoginSession) -> None:
    assert visit(browser, HOME, AWAY, AWAY, HOME, "2001:db8:1::1", "198.51.100.99", "2001:db8:1:2::9", AWAY) == 200
    assert found() == [] == mail.outbox


def test_a_page_from_the_same_network_costs_no_statement_more(
    browser: Browser, session: LoginSession, settings: Any
) -> None:
    """And a change of the network writes one row."""

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(reverse("account_profile")).status_code == 200
        return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])

    settings.NETWORK_CHANGES = Rate(0, 1)
    without = count()
    settings.NETWORK_CHANGES = Rate(3, 600)
    assert count() == without
    browser.http.defaults["REMOTE_ADDR"] = AWAY
    assert count() == without + 2
    assert count() == without


def test_two_places_at_once_are_an_event_a_line_for_the_owner_and_a_mail(
    browser: Browser, session: LoginSession, owner: User
) -> None:
    """A cookie that was copied is used here and there; the person is told once."""
    assert visit(browser, AWAY, HOME, AWAY) == 200
    assert found() == []
    assert visit(browser, HOME, AWAY, HOME) == 200
    (event,) = found()
    assert (event.name, event.user, event.facts["sid"]) == ("person:session:moved", str(owner.pk), session.sid)
    assert "many networks" in tell([event])[0].text
    (message,) = mail.outbox
    assert message.to == [owner.email]
    assert "Nothing was ended" in str(message.body)
    assert "many networks" in message.alternatives[0][0]


def test_by_policy_the_sign_in_leads_nowhere_until_its_person_has_proved_who_they_are(
    browser: Browser, other_browser: Browser, session: LoginSession, owner: User, app: Party, settings: Any
) -> None:
    """RFC 9470 in spirit: what was proved before counts no more. Whoever else holds the cookie is left with nothing."""
    settings.NETWORK_CHANGES_POLICY = "step_up"
    browser.walk(browser.authorize(app), owner)
    now = timezone.now()
    TrustedBrowser.objects.create(user=owner, digest="d", sid="s", created=now, last_used=now, expires=now)
    mail.outbox.clear()
    assert proved_lately(session, timezone.now())
    other_browser.http.cookies.load({name: morsel.value for name, morsel in browser.http.cookies.items()})
    assert "code=" in location(other_browser.authorize(app, prompt="none"))
    assert visit(browser, AWAY, HOME, AWAY, HOME) == 200
    assert "prove again" in str(mail.outbox[0].body)
    assert not TrustedBrowser.objects.exists()
    assert "login_required" in location(browser.authorize(app, prompt="none"))
    session.refresh_from_db()
    assert not proved_lately(session, timezone.now())
    asked = browser.get(location(browser.authorize(app)))
    assert "prompt=login" in location(asked)
    assert "code=" in location(browser.walk(asked, owner))
    assert "code=" in location(browser.authorize(app, prompt="none"))
    assert "login_required" in location(other_browser.authorize(app, prompt="none"))


def test_by_policy_the_sign_in_ends(browser: Browser, session: LoginSession, settings: Any) -> None:
    settings.NETWORK_CHANGES_POLICY = "end"
    assert visit(browser, AWAY, HOME, AWAY, HOME) == 302
    session.refresh_from_db()
    assert session.end_reason == "suspicious"
    assert visit(browser, HOME) == 302
    assert found()[0].facts["ended"] is True
    assert "sign in again" in str(mail.outbox[0].body)
    told = tell(AuditEvent.objects.filter(name="person:session:ended"))
    assert "copied" in told[0].text


def test_nobody_is_mailed_where_the_operator_wants_the_event_alone(
    browser: Browser, session: LoginSession, settings: Any
) -> None:
    settings.NETWORK_CHANGES_POLICY = "record"
    visit(browser, AWAY, HOME, AWAY, HOME)
    assert len(found()) == 1
    assert mail.outbox == []


def test_of_two_requests_from_a_new_place_at_the_same_moment_one_counts(session: LoginSession) -> None:
    """Each process looks at the row, not at what it read when the request began."""
    now = timezone.now()
    assert LoginSession.objects.move(session.sid, "203.0.113.0/24", now, 600) == 1
    assert LoginSession.objects.move(session.sid, "203.0.113.0/24", now, 600) == 0
    assert LoginSession.objects.move(session.sid, "198.51.100.0/24", now, 600) == 2


def test_a_sign_in_of_before_networks_were_noted_begins_with_the_one_it_is_used_from(
    browser: Browser, session: LoginSession
) -> None:
    LoginSession.objects.update(whereabouts=None)
    assert visit(browser, HOME, AWAY, HOME, AWAY) == 200
    assert found() == []
