"""What a password costs (ASVS 5.0 §11.4.2, scorecard T-08)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.test import Client as Browser

from identity import middleware
from identity.models import User
from identity.sign_in import passwords
from identity.sign_in.passwords import Argon2Hasher, TooBusyError, Turns
from oauth_server.audit.record import flush
from oauth_server.models import AuditEvent
from tests.support.people import PASSWORD, page, person, sign_in


def test_passwords_are_argon2id_with_nineteen_mebibytes() -> None:
    """RFC 9106 §4, at least OWASP's m=19456 t=2 p=1."""
    encoded = Argon2Hasher().encode("correct horse battery", "somesalt")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=5,p=1$")
    assert Argon2Hasher().verify("correct horse battery", encoded)
    assert not Argon2Hasher().verify("wrong", encoded)


@contextmanager
def occupied(turns: Turns, how_many: int) -> Iterator[None]:
    """So many requests are inside, and none of them gets on."""
    goes_on = threading.Event()
    with ThreadPoolExecutor(how_many) as requests:
        inside = [requests.submit(turns.take, goes_on.wait) for _ in range(how_many)]
        try:
            while turns._inside < how_many:
                goes_on.wait(0.001)
            yield
        finally:
            goes_on.set()
        assert all(one.result() for one in inside)


def test_no_more_passwords_are_hashed_at_once_than_the_limit_says() -> None:
    """A flood of sign-ins must not take every core and the memory of the worker."""
    turns, lock = Turns(2, 38), threading.Lock()
    at_once, most = 0, 0

    def hash_one() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.002)
        with lock:
            at_once -= 1

    with ThreadPoolExecutor(40) as requests:
        list(requests.map(lambda _: turns.take(hash_one), range(40)))
    assert most == 2


def test_whoever_comes_when_enough_wait_is_sent_away_at_once() -> None:
    """Waiting requests hold threads, and the token endpoint needs some (T-08)."""
    turns = Turns(1, 2)
    with occupied(turns, 3):
        assert turns.full
        with pytest.raises(TooBusyError):
            turns.take(lambda: None)
    assert turns.take(lambda: "a turn") == "a turn"


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    turns = Turns(1, 1)
    goes_on = threading.Event()
    with ThreadPoolExecutor(1) as requests:
        first = requests.submit(turns.take, goes_on.wait)
        while turns._inside < 1:
            goes_on.wait(0.001)
        with pytest.raises(TooBusyError):
            turns.take(lambda: None)
        goes_on.set()
        assert first.result() is True  # it had begun, and is not cut off


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux alone")
def test_hashing_steps_back_behind_everything_else() -> None:
    """On one core a hash and a token request would otherwise share it evenly (T-08)."""
    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    there = Turns(1, 0).take(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert there == min(19, here + 10)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here


def test_by_default_half_of_the_cores_hash() -> None:
    assert settings.LIMITS.password_hashes_at_once == max(1, (os.cpu_count() or 1) // 2)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As many wait as may."""
    turns = Turns(1, 0)
    monkeypatch.setattr(passwords, "turns", lambda: turns)
    monkeypatch.setattr(middleware, "turns", lambda: turns)
    with occupied(turns, 1):
        yield


def is_sent_away(response: object) -> bool:
    """RFC 9110 §10.2.3: 503 with Retry-After, never 500; and a page that says what to do."""
    status, after = response.status_code, response.headers.get("Retry-After", "")  # type: ignore[attr-defined]  # of Django's client
    return status == 503 and 2 <= int(after) <= 8 and "send the form again" in page(response)


@pytest.mark.django_db
def test_at_the_door_a_password_that_cannot_be_looked_at_costs_no_statement(
    client: Browser, full: None, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]  # pytest-django's fixture
        assert is_sent_away(client.post("/account/login/", {"login": "ada", "password": PASSWORD}))
    assert client.get("/account/login/").status_code == 200
    flush()
    assert AuditEvent.objects.get().name == "person:password:postponed"


@pytest.mark.django_db
def test_who_was_sent_away_together_does_not_come_back_together(client: Browser, full: None) -> None:
    """Or the few places are full for a moment and empty until the next one (T-08)."""
    told = {client.post("/account/login/", {"login": "ada", "password": PASSWORD})["Retry-After"] for _ in range(40)}
    assert len(told) > 2


@pytest.mark.django_db
def test_a_password_that_nobody_looked_at_is_no_guess(
    client: Browser, full: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood must not lock out whoever comes meanwhile: their tries would use up their limit."""
    user = person()
    User.objects.filter(pk=user.pk).update(
        password=Argon2Hasher.algorithm + "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA"
    )
    monkeypatch.setattr(middleware, "_PASSWORD_PAGES", frozenset())
    for _ in range(12):
        assert is_sent_away(sign_in(client))
    monkeypatch.undo()
    user.set_password(PASSWORD)
    user.save()
    assert sign_in(client).status_code == 302
