"""A registered address stands in our content security policy: it must not say more there than an origin."""

from __future__ import annotations

import pytest

from identity.models import LoginSession
from oauth_server.clients import registry
from oauth_server.clients.readers import web_page
from oauth_server.models import Client
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI
from oauth_server.protocol.uris import check_registrable
from tests.support.front_channel import Browser, location
from tests.support.parties import Party

HOSTS = [
    "a.example;frame-ancestors",
    "a.example,b.example",
    "a'b",
    "a.example%3b",
    "a$b",
    "a.example:",
    "a=b",
    "*.example",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_no_host_name_is_not_registered(host: str) -> None:
    """Content Security Policy 3 §2.2.1: ``;`` begins a directive, ``,`` a policy, and of two directives the first counts."""
    with pytest.raises(InvalidRedirectURI):
        check_registrable(f"https://{host}/callback")
    with pytest.raises(InvalidClientMetadata):
        web_page(f"https://{host}/", "client_uri")


@pytest.mark.parametrize(
    "host", ["app.example", "app.example:8443", "a_b.example", "xn--bcher-kva.example", "[2001:db8::1]:8443"]
)
def test_a_host_name_is(host: str) -> None:
    check_registrable(f"https://{host}/callback")
    assert web_page(f"https://{host}/", "client_uri")


def test_what_was_registered_before_adds_no_directive(app: Party, browser: Browser, signed_in: LoginSession) -> None:
    """Another's page with a frame around our consent page would be clickjacking (RFC 9700 §4.16)."""
    good = app.answer["redirect_uris"][0]
    row = Client.objects.get(client_id=app.client_id)
    row.redirect_uris = f"{good} https://a.example;frame-ancestors/x https://evil.example/y"
    row.metadata = row.metadata | {"client_uri": "https://b.example;script-src/"}
    row.save()
    registry.forget()
    shown = browser.get(location(browser.authorize(app)))
    policy = shown.headers["Content-Security-Policy"]
    assert "https://evil.example" in policy
    assert "frame-ancestors 'none'" in policy
    for word in ("frame-ancestors", "script-src"):
        assert policy.count(word) == 1, policy
