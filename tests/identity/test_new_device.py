"""The owner hears of a sign-in on a browser that is new to the account (ASVS 5.0 §6.3.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client as Browser

from identity.models import LoginSession, User
from tests.identity.test_devices import FIREFOX
from tests.support.people import is_signed_in, person, sign_in

pytestmark = pytest.mark.django_db


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def test_the_first_sign_in_of_all_is_no_news(client: Browser) -> None:
    person()
    sign_in(client)
    assert subjects() == []


def test_an_account_that_rested_long_is_no_new_one(client: Browser) -> None:
    """The former sign-ins are deleted 30 days after they end; their owner hears of a stranger all the same."""
    person()
    sign_in(client)
    LoginSession.objects.all().delete()
    sign_in(Browser(headers={"user-agent": FIREFOX}))
    assert len(subjects()) == 1


def test_another_browser_is_news_and_the_mail_says_which(client: Browser) -> None:
    person()
    sign_in(client)
    sign_in(Browser(headers={"user-agent": FIREFOX}))
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    assert message.to == ["ada@example.com"]
    for text in (str(message.body), str(message.alternatives[0].content)):  # type: ignore[attr-defined]
        assert "Firefox on Linux" in text
        assert "127.0.0.1" in text
        assert "Reset your password" in text


def test_a_browser_that_was_used_before_is_no_news(client: Browser) -> None:
    person()
    other = Browser()
    sign_in(client)
    for _ in range(3):
        sign_in(other)
        other.post("/account/logout/")
    assert len(subjects()) == 1


def test_proving_it_again_is_no_news(client: Browser) -> None:
    person()
    sign_in(Browser())
    sign_in(client)
    mail.outbox.clear()
    del client.cookies["gatehouse_device"]
    sign_in(client, query="?prompt=login")
    assert subjects() == []


def test_a_wrong_password_tells_nobody(client: Browser) -> None:
    """Else a stranger could fill the owner's mailbox."""
    person()
    sign_in(client)
    sign_in(Browser(), password="wrong")
    assert subjects() == []


def test_an_address_that_is_only_claimed_hears_nothing(client: Browser, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    user = person()
    User.objects.give_email(user, user.email, verified=False)
    sign_in(client)
    other = Browser()
    sign_in(other)
    assert is_signed_in(other)
    assert subjects() == []


def test_it_can_be_turned_off(client: Browser, settings: Any) -> None:
    settings.FEATURES = replace(settings.FEATURES, new_device_notice=False)
    person()
    sign_in(client)
    sign_in(Browser())
    assert subjects() == []
