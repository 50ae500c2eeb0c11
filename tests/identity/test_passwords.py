"""What a password costs (ASVS 5.0 §11.4.2, scorecard T-08)."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.test import Client as Browser

from identity.sign_in import passwords
from identity.sign_in.passwords import Argon2Hasher, TooBusyError, a_turn
from tests.support.people import page, person, sign_in


def test_passwords_are_argon2id_with_nineteen_mebibytes() -> None:
    """RFC 9106 §4, at least OWASP's m=19456 t=2 p=1."""
    encoded = Argon2Hasher().encode("correct horse battery", "somesalt")
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=5,p=1$")
    assert Argon2Hasher().verify("correct horse battery", encoded)
    assert not Argon2Hasher().verify("wrong", encoded)


def test_no_more_passwords_are_hashed_at_once_than_the_limit_says(settings: Any) -> None:
    """A flood of sign-ins must not take every core and the memory of the worker."""
    at_once, most = 0, 0
    lock = threading.Lock()

    def hash_one() -> None:
        nonlocal at_once, most
        with a_turn():
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.01)
            with lock:
                at_once -= 1

    threads = [threading.Thread(target=hash_one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == settings.LIMITS.password_hashes_at_once


@pytest.mark.django_db
def test_a_page_that_waited_too_long_says_so_and_when_to_come_back(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9110 §10.2.3: 503 with Retry-After, never 500."""
    person()

    def busy(*_: Any, **__: Any) -> bool:
        raise TooBusyError

    monkeypatch.setattr("django.contrib.auth.base_user.AbstractBaseUser.check_password", busy)
    response = sign_in(client)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert "One moment" in page(response)


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    taken = threading.BoundedSemaphore(1)
    monkeypatch.setattr(passwords, "_turns", lambda: taken)
    with a_turn(), pytest.raises(TooBusyError), a_turn():
        pass
