"""The short way of the machine endpoints answers as the long way through Django does (docs/explanation, "How a request travels")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import Client

from oauth_server import short_way
from oauth_server.audit.events import ClientRefused
from oauth_server.models import AuditEvent
from tests.support.wsgi import FORM, ask

pytestmark = pytest.mark.django_db


def unexpected(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    raise AssertionError(environ["PATH_INFO"])


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("GET", "/.well-known/openid-configuration", b""),
        ("GET", "/oauth/jwks", b""),
        ("GET", "/oauth/userinfo", b""),
        ("POST", "/oauth/token", b"grant_type=client_credentials"),
        ("POST", "/oauth/introspect", b"token=nothing&client_id=nobody&client_secret=wrong"),
        ("OPTIONS", "/oauth/token", b""),
        ("PUT", "/oauth/revoke", b"token=x"),
        ("GET", "/health/live", b""),
    ],
)
def test_status_headers_and_body_are_the_same_on_either_way(method: str, address: str, body: bytes) -> None:
    status, headers, content = ask(
        short_way.shortened(unexpected), method, address, body, HTTP_ORIGIN="https://app.example"
    )
    other = Client(headers={"origin": "https://app.example"}).generic(
        method, address, body, content_type=FORM if body else ""
    )
    theirs = dict(other.items())
    # A name of its own for each request.
    assert headers.pop("X-Request-Id") != theirs.pop("X-Request-Id")
    assert (status, headers, content) == (f"{other.status_code} {other.reason_phrase}", theirs, other.content)


@pytest.mark.django_db(transaction=True)
def test_a_page_takes_the_long_way() -> None:
    """Django's handler, for which a request begins with a look at its connections: none may be in a test's transaction."""
    status, _, content = ask(short_way.shortened(get_wsgi_application()), "GET", "/account/login/")
    assert status == "200 OK"
    assert b"<form" in content


def test_a_header_of_a_stranger_is_not_believed_on_the_short_way() -> None:
    """Scorecard X: the rows of MIDDLEWARE above the machine endpoints guard this way too."""
    wrong = b"grant_type=client_credentials&client_id=nobody&client_secret=wrong"
    address = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
    ask(short_way.shortened(unexpected), "POST", "/oauth/token", wrong, **address)
    assert AuditEvent.objects.get(name=ClientRefused.name).ip_address == "192.0.2.1"
