"""Sessions: fixation, digests at rest, rotation, the two lives, replacement and ending (ASVS 5.0 V7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from identity.models import BrowserSession, LoginSession, User
from identity.sessions.end import end, end_all
from identity.sessions.read import current
from identity.sessions.store import SessionStore, digest
from identity.signals import session_ended, session_started
from oauth_server.models.clean_up import RULES, delete_batch

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def person(name: str = "ada") -> User:
    return User.objects.create_user(name, f"{name}@example.com", PASSWORD)


def request_of(store: SessionStore, cookie: str | None = None, user: Any = None) -> HttpRequest:
    request = RequestFactory().get("/", headers={"user-agent": "Firefox"})
    request.session = store
    request.user = user or AnonymousUser()
    if cookie:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = cookie
    return request


def signed_in(user: User, store: SessionStore | None = None) -> tuple[HttpRequest, LoginSession]:
    store = store or SessionStore()
    request = request_of(store, cookie=store.session_key)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    session = current(request, timezone.now())
    assert session is not None
    return request, session


def again(request: HttpRequest) -> HttpRequest:
    """The browser's next request."""
    return request_of(SessionStore(request.session.session_key), cookie=request.session.session_key)


def test_the_table_holds_a_digest_of_what_the_cookie_carries() -> None:
    """ASVS 7.2.2, scorecard L-02: a stolen table signs nobody in."""
    request, session = signed_in(person())
    key = request.session.session_key
    assert key
    row = BrowserSession.objects.get()
    assert row.session_key == digest(key) != key
    assert session.browser == row.session_key
    assert key not in row.session_data
    assert SessionStore(row.session_key).load() == {}
    assert not Session.objects.exists()


def test_a_key_that_the_server_did_not_make_is_not_adopted() -> None:
    """Session fixation: a planted key is replaced, not filled."""
    store = SessionStore("a" * 32)
    assert store.get("x") is None
    store["x"] = 1
    store.save()
    assert store.session_key != "a" * 32


def test_the_key_changes_at_sign_in_and_the_former_key_is_worth_nothing() -> None:
    """ASVS 7.2.4."""
    store = SessionStore()
    store["basket"] = "kept"
    store.save()
    before = store.session_key
    request, _ = signed_in(person(), store)
    assert request.session.session_key != before
    assert request.session["basket"] == "kept"
    assert SessionStore(before).load() == {}


def test_the_same_person_keeps_the_sid_and_gets_a_newer_auth_time_and_another_key() -> None:
    """OpenID Connect Core §2 (auth_time), ASVS 7.2.4: a new key at re-authentication too."""
    user = person()
    request, first = signed_in(user)
    key = request.session.session_key
    with time_machine.travel(timezone.now() + timedelta(minutes=9), tick=False):
        request, second = signed_in(user, SessionStore(key))
    assert second.sid == first.sid
    assert second.auth_time > first.auth_time
    assert request.session.session_key != key
    assert LoginSession.objects.count() == 1


def test_another_person_in_the_same_browser_ends_the_former_sign_in() -> None:
    """CVE-2025-12390: what the first was given never passes to the second."""
    ended: list[Any] = []

    def note(sender: Any, **facts: Any) -> None:
        ended.append((facts["sessions"], facts["user"].username, facts["reason"]))

    session_ended.connect(note)
    try:
        request, first = signed_in(person("ada"))
        _, second = signed_in(person("bob"), SessionStore(request.session.session_key))
    finally:
        session_ended.disconnect(note)
    assert second.sid != first.sid
    first.refresh_from_db()
    assert (first.end_reason, second.end_reason) == ("replaced", "")
    assert ended == [([first.sid], "ada", "replaced")]


def test_a_sign_in_tells_who_listens() -> None:
    heard: list[str] = []

    def note(sender: Any, session: LoginSession, **_: Any) -> None:
        heard.append(session.sid)

    session_started.connect(note)
    try:
        _, session = signed_in(person())
    finally:
        session_started.disconnect(note)
    assert heard == [session.sid]


def test_reading_the_sign_in_costs_one_statement_beyond_the_session(django_assert_num_queries: Any) -> None:
    """And the person is then known without another."""
    request, _ = signed_in(person())
    fresh = again(request)
    with django_assert_num_queries(2):
        session = current(fresh, timezone.now())
        assert session is not None
        assert fresh.user.is_authenticated
        assert session.user.username == "ada"


def test_last_seen_is_not_written_at_each_request(django_assert_num_queries: Any) -> None:
    request, session = signed_in(person())
    with time_machine.travel(session.last_seen + timedelta(minutes=4), tick=False), django_assert_num_queries(2):
        current(again(request), timezone.now())
    later = session.last_seen + timedelta(minutes=6)
    with time_machine.travel(later, tick=False):
        current(again(request), timezone.now())
    session.refresh_from_db()
    assert session.last_seen == later
    assert session.expires == later + timedelta(seconds=settings.LIFETIMES.session_idle)


def test_a_sign_in_that_rests_is_over_after_the_idle_life() -> None:
    """ASVS 7.3.1."""
    request, session = signed_in(person())
    with time_machine.travel(session.last_seen + timedelta(seconds=settings.LIFETIMES.session_idle + 1), tick=False):
        assert current(again(request), timezone.now()) is None
        assert SessionStore(request.session.session_key).load() == {}


def test_a_sign_in_that_is_used_all_the_time_is_over_after_the_absolute_life() -> None:
    """ASVS 7.3.2: neither the row of the browser nor the sign-in outlives it."""
    request, session = signed_in(person())
    end_of_life = session.auth_time + timedelta(seconds=settings.LIFETIMES.session)
    moment = session.auth_time
    while moment < end_of_life - timedelta(days=1):
        moment += timedelta(days=1)
        with time_machine.travel(moment, tick=False):
            fresh = again(request)
            assert current(fresh, timezone.now()) is not None
            fresh.session.save()
    with time_machine.travel(end_of_life + timedelta(seconds=1), tick=False):
        assert current(again(request), timezone.now()) is None
        assert SessionStore(request.session.session_key).load() == {}


def test_signing_out_ends_the_sign_in_and_empties_the_browser() -> None:
    """ASVS 7.4.1."""
    request, session = signed_in(person())
    key = request.session.session_key
    logout(request)
    session.refresh_from_db()
    assert session.end_reason == "signed_out"
    assert SessionStore(key).load() == {}


def test_a_session_that_ended_elsewhere_is_dead_at_once_and_told_once() -> None:
    """ASVS 7.5.2: the browser's row goes with the sign-in."""
    request, session = signed_in(person())
    assert end(session, timezone.now(), "signed_out_elsewhere")
    assert not end(session, timezone.now(), "signed_out_elsewhere")
    assert current(again(request), timezone.now()) is None
    assert SessionStore(request.session.session_key).load() == {}


def test_ending_all_but_one_leaves_that_one() -> None:
    user = person()
    kept, keep = signed_in(user)
    other, _ = signed_in(user)
    ended = end_all(user, timezone.now(), "password_changed", except_sid=keep.sid)
    assert len(ended) == 1
    assert current(again(kept), timezone.now()) is not None
    assert current(again(other), timezone.now()) is None


def test_a_disabled_person_has_no_session() -> None:
    """Design §7.4: the person is re-checked at every use."""
    user = person()
    request, _ = signed_in(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert current(again(request), timezone.now()) is None


def test_another_password_ends_what_the_former_one_opened() -> None:
    """ASVS 7.4.3, also when the password changed behind allauth's back."""
    user = person()
    request, _ = signed_in(user)
    user.set_password("another good password")
    user.save()
    assert current(again(request), timezone.now()) is None


def test_the_sid_of_another_browser_is_not_believed() -> None:
    """A copied session payload is bound to the key that it was made for."""
    request, session = signed_in(person())
    store = SessionStore()
    store.update(dict(request.session.items()))
    store.save()
    assert store.session_key != request.session.session_key
    assert store["sid"] == session.sid
    assert current(request_of(store), timezone.now()) is None


def test_browser_sessions_whose_time_is_over_are_cleaned_up() -> None:
    rule = next(rule for rule in RULES if rule.model is BrowserSession)
    request, _ = signed_in(person())
    idle = timedelta(seconds=settings.LIFETIMES.session_idle + 1)
    assert delete_batch(rule, timezone.now(), 10)[0] == 0
    assert delete_batch(rule, timezone.now() + idle, 10)[0] == 1
    assert SessionStore(request.session.session_key).load() == {}
