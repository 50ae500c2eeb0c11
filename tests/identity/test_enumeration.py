"""No answer tells whether somebody has an account (scorecard T-02, ASVS 5.0 §6.3.8)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client as Browser

from identity import middleware
from identity.models import User
from identity.sign_in.backend import OneHashBackend
from tests.support.people import PASSWORD, page, person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people() -> None:
    person("ada")
    User.objects.filter(pk=person("disabled").pk).update(is_active=False)
    nopass = person("nopass")
    nopass.set_unusable_password()
    nopass.save()


def answer(response: HttpResponse, typed: str) -> tuple[int, str, list[tuple[str, str]], list[str]]:
    """Everything that an observer sees, without what they typed and what is random."""
    headers = [(k, v) for k, v in response.headers.items() if k not in {"X-Request-Id", "Content-Length", "Expires"}]
    text = page(response).replace(typed, "TYPED")
    return response.status_code, text, headers, sorted(response.cookies)


def counted_hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For each password that is hashed from now on, how many transactions wait for it."""
    waiting: list[int] = []
    hasher = type(hashers.get_hasher())
    encode = hasher.encode

    def counted(self: object, password: str, salt: str, **kw: object) -> str:
        waiting.append(len(connection.atomic_blocks))
        return str(encode(self, password, salt, **kw))

    monkeypatch.setattr(hasher, "encode", counted)
    return waiting


@pytest.mark.parametrize(
    "login", ["disabled", "nopass", "nobody", "ada@example.com", "nobody@example.com", "nopass@example.com"]
)
def test_a_wrong_password_looks_the_same_for_everybody(login: str) -> None:
    """Known, unknown, disabled, without a password; by name and by address (CVE-2026-23511, CVE-2024-41952, CVE-2023-39522)."""
    reference = answer(sign_in(Browser(), "ada", "wrong"), "ada")
    assert answer(sign_in(Browser(), login, "wrong"), login) == reference


@pytest.mark.parametrize(
    "login", ["ada", "nobody", "ada@example.com", "nobody@example.com", "disabled", "nopass", "nopass@example.com"]
)
def test_a_wrong_password_costs_one_look_up_and_one_hash_for_everybody(
    login: str, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., object]
) -> None:
    """Timing (CVE-2024-39329, CVE-2025-13473): allauth alone hashes twice for a known address and once for an unknown one."""
    hashes = counted_hashes(monkeypatch)
    with django_assert_num_queries(1):
        assert OneHashBackend().authenticate(None, username=login, email=login, password="wrong") is None
    assert len(hashes) == 1


def test_a_reset_says_the_same_for_everybody_and_mails_the_same_number() -> None:
    """The unknown address gets a message too: its owner may have forgotten which address they signed up with."""
    answers = []
    for address in ("ada@example.com", "nobody@example.com"):
        mail.outbox.clear()
        response = Browser().post("/account/password/reset/", {"email": address})
        answers.append((answer(response, address), len(mail.outbox), mail.outbox[0].to == [address]))
    assert answers[0] == answers[1]


def test_a_sign_up_with_a_known_address_looks_like_any_other_and_tells_only_the_owner() -> None:
    """Where addresses must be verified before they count, which is everywhere but in development."""
    answers = []
    for name, address in (("eve1", "new@example.com"), ("eve2", "ada@example.com")):
        mail.outbox.clear()
        form = {"username": name, "email": address, "password1": PASSWORD}
        response = Browser().post("/account/signup/", form)
        answers.append((answer(response, address), len(mail.outbox), mail.outbox[0].to == [address]))
    assert answers[0] == answers[1]
    assert mail.outbox[0].subject == "You have an account already"
    assert not User.objects.filter(username="eve2").exists()


def test_a_sign_up_costs_one_hash_whether_or_not_the_address_has_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timing: the slow part of a sign-up would tell."""
    hashes = counted_hashes(monkeypatch)
    for name, address in (("eve1", "new@example.com"), ("eve2", "ada@example.com")):
        hashes.clear()
        Browser().post("/account/signup/", {"username": name, "email": address, "password1": PASSWORD})
        assert len(hashes) == 1, address


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/account/signup/", {"username": "eve", "email": "ada@example.com", "password1": PASSWORD}),
        ("/account/signup/", {"username": "eve", "email": "new@example.com", "password1": PASSWORD}),
        ("/account/password/reset/", {"email": "ada@example.com"}),
        ("/account/password/reset/", {"email": "nobody@example.com"}),
    ],
)
def test_where_the_work_differs_the_answer_comes_at_a_full_half_second(
    path: str, form: dict[str, str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Timing: a new account is rows that a known address does not make. ``python -m tests.attacks.timing_report`` measures it."""
    settings.EVEN_ANSWER_SECONDS = 0.5
    clock = [100.0]
    waited: list[float] = []
    monkeypatch.setattr(middleware.time, "monotonic", lambda: clock.append(clock[-1] + 0.13) or clock[-1])
    monkeypatch.setattr(middleware.time, "sleep", waited.append)
    assert Browser().get(path).status_code == 200
    assert waited == []
    assert Browser().post(path, form).status_code == 302
    assert len(waited) == 1
    assert 0 < waited[0] < 0.5


def test_whoever_took_longer_waits_for_the_next_one() -> None:
    assert [round(middleware.until_next(spent, 0.5), 3) for spent in (0.1, 0.4, 0.6, 1.2)] == [0.4, 0.1, 0.4, 0.3]
    assert middleware.until_next(0.1, 0) == 0


def test_answers_that_are_held_back_never_hold_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scorecard T-08: whoever comes when so many wait is asked to come back, before anything is looked up."""
    browser, answers = Browser(), []

    def ask(*_: object) -> None:
        address = f"{secrets.token_hex(4)}@example.com"
        answers.append(browser.post("/account/password/reset/", {"email": address}).status_code)

    monkeypatch.setattr(middleware.time, "sleep", ask)
    for _ in range(2):
        answers.clear()
        ask()
        assert answers == [503, *[302] * middleware.HELD_AT_ONCE]


def test_a_sign_up_that_is_given_up_leads_where_any_other_leads() -> None:
    """Whoever turns back at the page that asks to confirm the address must not learn from it that it has an account."""
    ends = []
    for name, address in (("eve1", "new@example.com"), ("eve2", "ada@example.com")):
        browser = Browser()
        form = {"username": name, "email": address, "password1": PASSWORD}
        browser.post("/account/signup/?next=/account/profile/", form)
        ends.append(browser.post("/account/login/cancel/").headers["Location"])
    assert ends == ["/account/profile/", "/account/profile/"]


def test_a_reset_mail_goes_to_the_stored_address_and_to_no_look_alike() -> None:
    """CVE-2019-19844: case folding makes a dotless i, or the sign of Kelvin, equal to a letter of ASCII."""
    person("mike")
    for typed in ("m\u0131ke@example.com", "mi\u212ae@example.com"):
        mail.outbox.clear()
        Browser().post("/account/password/reset/", {"email": typed})
        links = [message.to for message in mail.outbox if "password/reset/key" in message.body]
        assert links in ([], [["mike@example.com"]]), typed


def test_a_username_cannot_look_like_somebodys_address() -> None:
    form = {"username": "ada@example.com", "email": "eve@example.com", "password1": PASSWORD}
    response = Browser().post("/account/signup/", form)
    assert response.status_code == 200
    assert "cannot contain @" in page(response)


def test_an_address_means_its_owner_before_whoever_only_claims_it() -> None:
    """An unverified claim made earlier does not take the owner's sign-in away."""
    claimant = User.objects.create_user("eve", "kim@example.com", PASSWORD)
    User.objects.give_email(claimant, "kim@example.com", verified=False)
    owner = person("kim")
    assert User.objects.called("kim@example.com") == owner
    assert User.objects.called("KIM@example.com") == owner
    assert User.objects.called("eve") == claimant
