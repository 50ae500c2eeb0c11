"""Passwords that others have used are refused (NIST SP 800-63B §5.1.1.2, ASVS 5.0 §6.2.4, §6.2.12)."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client as Browser

from identity.models import User
from identity.sign_in.known_passwords import is_a_common_one_with_something_added
from oauth_server.audit import record
from oauth_server.models import AuditEvent
from tests.support.people import PASSWORD, page, person, prove, sign_in
from tests.support.running import running

STOLEN = "violet kettle harbour"


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("Password2024!", True),
        ("!!sunshine99", True),
        ("P@ssw0rd2026", True),
        ("123password123", True),
        ("Gatehouse2026!", True),
        (PASSWORD, False),
        ("sunshine kettle harbour", False),
        ("sunshine83017264", False),
        ("2026-11-24-18:30", False),
        ("x7Qm2vLp9z", False),
        ("довгий пароль мого саду", False),
    ],
)
def test_a_common_password_with_little_added_is_refused(password: str, *, refused: bool) -> None:
    assert is_a_common_one_with_something_added(password) is refused


def test_the_words_of_the_house_are_tried_first_by_everybody(settings: Any) -> None:
    settings.BRAND_NAME, settings.ISSUER = "Acme Widgets", "https://login.contoso.example"
    for password in ("widgets2026!", "Contoso-2026"):
        assert is_a_common_one_with_something_added(password), password


@pytest.mark.django_db
def test_the_page_says_what_to_do(client: Browser) -> None:
    answer = client.post(
        "/account/signup/", {"username": "kim", "email": "kim@example.com", "password1": "Password2024!"}
    )
    assert "common password with little added" in page(answer)
    assert not User.objects.exists()


@dataclass
class Service:
    """A service of ranges, on this machine.

    Attributes:
        url: to put the five digits behind.
        asked: what was put there.
        status: how it answers.
    """

    url: str
    asked: list[str] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        made: ClassVar[Service]

        def do_GET(self) -> None:
            self.made.asked.append(self.path)
            found = hashlib.sha1(STOLEN.encode(), usedforsecurity=False).hexdigest().upper()
            padding = hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()
            body = f"{'0' * 35}:7\r\n{found[5:]}:3\r\n{padding[5:]}:0\r\n".encode()
            self.send_response(self.made.status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.made = made = Service(f"http://127.0.0.1:{server.server_port}/range/")
    settings.OUTBOUND_ALLOW = (ipaddress.ip_network("127.0.0.0/8"),)
    settings.BREACHED_PASSWORDS_URL = made.url
    with running(server):
        yield made


def test_a_service_that_knows_it_makes_it_refused_and_learns_five_digits(service: Service) -> None:
    """k-anonymity: what goes out fits hundreds of passwords. A count of 0 is padding."""
    with pytest.raises(ValidationError) as refused:
        validate_password(STOLEN)
    assert [error.code for error in refused.value.error_list] == ["password_breached"]
    validate_password(PASSWORD)
    assert len(service.asked) == 2
    assert all(len(path) == len("/range/") + 5 for path in service.asked)


def test_nobody_is_asked_unless_an_operator_says_so(service: Service, settings: Any) -> None:
    settings.BREACHED_PASSWORDS_URL = ""
    validate_password(STOLEN)
    assert service.asked == []


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["answers 503", "is away", "is inside"])
def test_when_the_service_does_not_answer_the_password_is_let_through_and_that_is_recorded(
    service: Service, settings: Any, client: Browser, how: str
) -> None:
    """Nobody is kept from changing a password because somebody else's server is away."""
    ada = person()
    sign_in(client)
    prove(client)
    if how == "answers 503":
        service.status = 503
    elif how == "is away":
        settings.BREACHED_PASSWORDS_URL = "http://127.0.0.1:1/range/"
    else:
        settings.OUTBOUND_ALLOW = ()
    form = {"oldpassword": PASSWORD, "password1": STOLEN, "password2": STOLEN}
    client.post("/account/password/change/", form)
    ada.refresh_from_db()
    assert ada.check_password(STOLEN)
    record.flush()
    (event,) = AuditEvent.objects.filter(name="person:password:unchecked")
    assert event.user == str(ada.pk)
    digits = hashlib.sha1(STOLEN.encode(), usedforsecurity=False).hexdigest().upper()[:5]
    assert STOLEN not in str(event.facts)
    assert digits not in str(event.facts).upper()
