"""The links in our mails lead to the issuer, whoever asked for the mail and with whatever Host (CVE-2025-64101)."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client as Browser

from tests.support.people import PASSWORD, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("host", ["127.0.0.1:6666", "127.0.0.1:25"])
@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/account/password/reset/", {"email": "ada@example.com"}),
        ("/account/password/reset/", {"email": "nobody@example.com"}),
        ("/account/signup/", {"username": "eve", "email": "eve@example.com", "password1": PASSWORD}),
        ("/account/signup/", {"username": "eve", "email": "ada@example.com", "password1": PASSWORD}),
    ],
)
def test_a_port_in_host_is_in_no_link(client: Browser, address: str, form: dict[str, str], host: str) -> None:
    """A name that is ours passes ALLOWED_HOSTS with any port, and behind another port may listen somebody else."""
    person()
    client.post(address, form, headers={"host": host})
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    bodies = [str(message.body), *(str(part[0]) for part in message.alternatives)]
    links = [link for body in bodies for link in re.findall(r"https?://[^\s\"'<]+", body)]
    assert any("/account/" in link for link in links)
    assert all(link.startswith(f"{settings.ISSUER_ORIGIN}/") for link in links if "/account/" in link), links
    assert not any(host in body for body in bodies)
