"""Registration by nobody in particular (scorecards S-01, S-03, S-09): never a 5xx, never a connection to our inside.

Every connection of this process is watched at the socket: the guarded fetcher may try public addresses (where pytest-socket
stops it), nothing else.
"""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oauth_server.clients.fields import FIELDS
from oauth_server.outbound import addresses, fetch
from tests.attacks.test_ssrf import SPELLINGS, Listener, listener

assert listener  # the fixture of the other file

pytestmark = pytest.mark.django_db

ADDRESS = "/oauth/register"
CALLBACK = "https://rp.example/cb"


class Outside:
    """What left this process."""

    def __init__(self) -> None:
        self.connected: list[Any] = []


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, keys: None) -> Iterator[Outside]:
    """Registration is open; sockets are counted and go nowhere; names lead inside and outside alike."""
    seen = Outside()

    def connect(self: socket.socket, address: Any) -> None:
        seen.connected.append(address)
        raise ConnectionRefusedError

    def resolve(host: str, port: int) -> list[addresses.Address]:
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            return [ipaddress.ip_address("10.0.0.7" if "internal" in host or "." not in host else "93.184.215.14")]

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(fetch, "resolve", resolve)
    with override_settings(REGISTRATION="open", THROTTLES=False):
        yield seen


def send(body: bytes, *, method: str = "POST", path: str = ADDRESS, **headers: str) -> Any:
    """One request; what it stores is undone, so that thousands leave no trace."""
    with transaction.atomic():
        browserless = Client(raise_request_exception=False)
        answered = browserless.generic(method, path, body, content_type="application/json", headers=headers)
        transaction.set_rollback(True)
    return answered


def inside(seen: Outside) -> list[Any]:
    return [address for address in seen.connected if not addresses.is_public(ipaddress.ip_address(address[0]))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
URIS = st.sampled_from(
    [CALLBACK, "http://localhost/cb", "http://127.0.0.1:1/cb", "com.example:/cb", "https://internal/x", "https://10.0.0.1/x",
     "https://[::1]/x", "https://169.254.169.254/latest", "javascript:alert(1)", "https://[", "https://a:99999/", "//x", "https:///",
     "https://rp.example:443/", "https://RP.example/", "https://rp.example/%00", "https://xn--/", "https://1.2.3.4.5.6/"]
) | st.text(max_size=40).map(lambda text: f"https://{text}/")  # fmt: skip
WORDS = st.sampled_from(
    ["code", "id_token", "code token", "authorization_code", "implicit", "refresh_token", "client_credentials", "none",
     "private_key_jwt", "client_secret_jwt", "pairwise", "public", "native", "web", "RS256", "HS256", "ES256", "none", "openid"]
)  # fmt: skip
VALUES = JSON | URIS | st.lists(URIS, max_size=3) | WORDS | st.lists(WORDS, max_size=4) | st.fixed_dictionaries(
    {"keys": st.lists(st.dictionaries(st.sampled_from(["kty", "n", "e", "x", "y", "crv", "kid", "k"]), JSON | WORDS, max_size=5))}
)  # fmt: skip
NAMES = st.sampled_from([*FIELDS, "client_name#de", "client_id", "client_secret", "__proto__"]) | st.text(max_size=20)
METADATA = st.builds(
    lambda members, uris, sector: {"redirect_uris": uris, **members, **sector},
    st.dictionaries(NAMES, VALUES, max_size=8),
    st.lists(URIS, min_size=1, max_size=2),
    st.just({}) | st.fixed_dictionaries({"sector_identifier_uri": URIS}),
)
QUIET = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@given(METADATA)
@QUIET
def test_no_metadata_is_a_surprise(outside: Outside, metadata: dict[str, Any]) -> None:
    """S-01: 201 with JSON, or 400 with one of the errors of RFC 7591 §3.2.2."""
    answered = send(json.dumps(metadata).encode())
    assert answered.status_code in {201, 400}, answered.content
    told = json.loads(answered.content)
    if answered.status_code == 400:
        assert told["error"] in {"invalid_redirect_uri", "invalid_client_metadata", "invalid_request"}
    else:
        assert all(uri.partition(":")[0] not in {"javascript", "data", ""} for uri in told["redirect_uris"])
    assert inside(outside) == []


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@QUIET
def test_no_octets_are_a_surprise(outside: Outside, body: bytes) -> None:
    """S-01."""
    assert send(body).status_code in {201, 400, 415}
    assert outside.connected == []


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
    st.sampled_from(["GET", "PUT", "DELETE", "POST"]),
    st.text(max_size=30),
)
@QUIET
def test_no_authorization_or_address_is_a_surprise(
    outside: Outside, authorization: str, method: str, name: str
) -> None:
    """S-01, at the management endpoint: nobody gets in, nothing falls over."""
    answered = send(b"{}", method=method, path=f"{ADDRESS}/{name}", Authorization=authorization)
    assert 400 <= answered.status_code < 500, (name, answered.content)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_inside_address_is_a_sector(keys: None, listener: Listener, host: str, settings: Any) -> None:
    """S-09: with the real resolver, and a listener that nobody may reach."""
    settings.REGISTRATION, settings.THROTTLES = "open", False
    for scheme in ("https", "http"):
        for port in (f":{listener.port}", ""):
            metadata = {"redirect_uris": [CALLBACK], "sector_identifier_uri": f"{scheme}://{host}{port}/x"}
            assert send(json.dumps(metadata).encode()).status_code == 400
    assert listener.hits == []


@pytest.mark.parametrize(
    "member", [name for name in FIELDS if name.endswith(("_uri", "_uris")) and name != "sector_identifier_uri"]
)
def test_no_other_address_is_called(outside: Outside, member: str) -> None:
    """Interop 5: nothing is fetched while registering but the sector's document."""
    value: Any = "https://rp.example/x"
    metadata = {"redirect_uris": [CALLBACK], member: [value] if member.endswith("s") else value}
    assert send(json.dumps(metadata).encode()).status_code == 201
    assert outside.connected == []


def test_the_watch_sees_what_goes_out(outside: Outside) -> None:
    """The test of the test: a public sector is tried, an inside one is not."""
    for host in ("public.example", "internal.example"):
        metadata = {"redirect_uris": [CALLBACK], "sector_identifier_uri": f"https://{host}/x"}
        assert send(json.dumps(metadata).encode()).status_code == 400
    assert outside.connected == [("93.184.215.14", 443)]


NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}{%load%}"


def test_what_a_registrant_writes_stays_text(outside: Outside) -> None:
    """CVE-class: stored cross-site scripting by registration. JSON answers are never sniffed as HTML."""
    answered = send(json.dumps({"redirect_uris": [CALLBACK], "client_name": NASTY}).encode(), Accept="text/html")
    assert answered.status_code == 201
    assert answered.headers["Content-Type"] == "application/json"
    assert answered.headers["X-Content-Type-Options"] == "nosniff"
    for member in ("client_uri", "logo_uri", "tos_uri", "policy_uri", "initiate_login_uri"):
        for uri in (
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            " https://rp.example",
            'https://rp.example/"><script>',
        ):
            assert send(json.dumps({"redirect_uris": [CALLBACK], member: uri}).encode()).status_code == 400
