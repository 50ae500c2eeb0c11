"""A sign-up with a passkey that somebody else, or a crash, comes in between of: all of it is there, or nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client as Browser

from identity.models import User
from identity.sign_in import newcomer
from tests.identity.test_sign_up_by_passkey import CODE, CODES, START, begin, finish, mailed, options, send, sign_up
from tests.support.people import PASSWORD, page
from tests.support.soft_key import ORIGIN, SoftKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def issuer_with_a_name(settings: Any) -> None:
    settings.ISSUER = settings.ISSUER_ORIGIN = ORIGIN


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_those_who_want_one_name_at_once_one_gets_it(settings: Any) -> None:
    """Scorecard R-07: the others are told, and leave no rows."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory knows no second connection")
    browsers = [Browser() for _ in range(6)]
    made = []
    for number, browser in enumerate(browsers):
        begin(browser, email=f"kim{number}@example.com")
        browser.post(CODE, {"code": mailed()})
        made.append(SoftKey().create(options(browser)))
    answers: list[str] = []

    def finish_now(number: int) -> None:
        answers.append(send(browsers[number], made[number]).headers["Location"])
        connection.close()

    threads = [threading.Thread(target=finish_now, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.partition("?")[0] for answer in answers) == [CODES] + [START] * 5
    assert (User.objects.count(), EmailAddress.objects.count()) == (1, 1)
    assert Authenticator.objects.filter(type="webauthn").count() == 1


def test_a_crash_between_the_account_and_its_passkey_leaves_neither(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is half done is not there: the same person begins again with the same name and address."""
    begin(client)
    client.post(CODE, {"code": mailed()})
    asked = options(client)

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(newcomer.RecoveryCodes, "activate", dies)
        with pytest.raises(SystemExit):
            send(client, SoftKey().create(asked))
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    sign_up(Browser())
    assert User.objects.count() == 1


def test_a_name_or_an_address_that_was_taken_meanwhile_is_said_and_nothing_is_made(client: Browser) -> None:
    begin(client)
    client.post(CODE, {"code": mailed()})
    User.objects.create_user("kim", "else@example.com", PASSWORD)
    assert finish(client).headers["Location"] == START
    assert "already exists" in page(client.get(START))
    begin(client, "bo")
    client.post(CODE, {"code": mailed()})
    User.objects.give_email(User.objects.get(), "bo@example.com", verified=True)
    assert finish(client).headers["Location"].startswith("/account/login/")
    assert User.objects.count() == 1
    assert not Authenticator.objects.exists()
