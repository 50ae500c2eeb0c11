"""Attacks through request objects: RFC 9101 §10, RFC 8725, OpenID Connect Core §6; scorecard S-04 and S-09."""

from __future__ import annotations

import base64
import ipaddress
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from oauth_server.authorize import request_object
from oauth_server.outbound import cached_fetch, fetch
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRequestObject, InvalidRequestURI
from oauth_server.protocol.parameters import Parameters
from tests.attacks.jose_corpus import EC, RSA, corpus
from tests.support.clients import claims as assertion_claims
from tests.support.front import asked_in, key, public, signed
from tests.support.front_channel import CHALLENGE, Browser, answer, location
from tests.support.keys import public_jwk
from tests.support.parties import REDIRECT, Party
from tests.support.services import wait_for

pytestmark = pytest.mark.django_db

ONE = key("ES256")
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


class Listener:
    """A port on loopback that counts who comes."""

    def __init__(self) -> None:
        self.hits = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                self.socket.accept()[0].close()
                self.hits += 1


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.socket.close()


def unfold(party: Party, **given: str) -> Parameters:
    return request_object.unfold(Parameters({"client_id": party.client_id, **given}), party.registered, timezone.now())


def test_no_token_of_the_corpus_is_a_request_object(
    make_client: Callable[..., Party], browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-04: alg none, HMAC keyed with the public key, embedded keys, crit, kid injection, zero signatures and the like."""
    party = make_client(jwks={"keys": [public_jwk(RSA, kid="rsa"), public_jwk(EC, kid="ec")]})
    monkeypatch.setattr(fetch, "get", lambda *_, **__: pytest.fail("a token made us fetch"))
    accepted = []
    for name, hostile in corpus():
        with suppress(InvalidRequestObject):
            unfold(party, request=hostile)
            accepted.append(name)
    assert accepted == []


def test_no_client_is_registered_for_an_unsigned_object_and_none_is_taken(
    make_client: Callable[..., Party], browser: Browser
) -> None:
    """RFC 9101 §10.1; OpenID Connect Core §6.1 lets servers refuse alg none, and we never offer it."""
    for profile in ("oauth21", "openid"):
        party = make_client(profile=profile, jwks=public(ONE), request_object_signing_alg="none")
        assert "request_object_signing_alg" not in party.answer
        head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        body = base64.urlsafe_b64encode(json.dumps(asked_in(party)).encode()).rstrip(b"=").decode()
        for unsigned in (f"{head}.{body}.", f"{head}.{body}.AA", f"{head}.{body}"):
            refused = browser.get(
                "/oauth/authorize", client_id=party.client_id, redirect_uri=REDIRECT, request=unsigned, prompt="none"
            )
            assert answer(refused)["error"] == "invalid_request_object"


def test_a_client_assertion_is_no_request_object_and_the_other_way_round(make_client: Callable[..., Party]) -> None:
    """RFC 9101 §10.8: cross-JWT confusion."""
    party = make_client(jwks=public(ONE), token_endpoint_auth_method="private_key_jwt")
    assertion = assertion_claims(party.client_id) | {
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "client_id": party.client_id,
    }
    with pytest.raises(InvalidRequestObject):
        unfold(party, request=signed(assertion, ONE, typ="JWT"))
    for typ in ("at+jwt", "dpop+jwt", "logout+jwt", "client-authentication+jwt", "secevent+jwt"):
        with pytest.raises(InvalidRequestObject):
            unfold(party, request=signed(asked_in(party), ONE, typ=typ))
    wanted = signed(asked_in(party, sub="somebody"), ONE)
    refused = party.http.post(
        "/oauth/token",
        data={
            "grant_type": "authorization_code", "code": "x", "client_assertion": wanted,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        },
    )  # fmt: skip
    assert refused.json()["error"] == "invalid_client"


def test_an_object_of_one_client_says_nothing_for_another(make_client: Callable[..., Party]) -> None:
    """RFC 9101 §5, §10.4: the key, iss and client_id of the client that asks."""
    one, two = make_client(jwks=public(ONE)), make_client(jwks=public(key("ES256")))
    with pytest.raises(InvalidRequestObject):
        unfold(two, request=signed(asked_in(one), ONE))
    with pytest.raises(InvalidRequestObject):
        unfold(two, request=signed(asked_in(two), ONE))


def test_the_keys_of_a_client_without_keys_sign_nothing(app: Party) -> None:
    with pytest.raises(InvalidRequestObject):
        unfold(app, request=signed(asked_in(app), ONE, jwk=ONE.as_dict(private=False)))


def test_an_object_that_was_overheard_is_spent(make_client: Callable[..., Party], browser: Browser) -> None:
    """RFC 9101 §10: replay."""
    party = make_client(jwks=public(ONE))
    token = signed(asked_in(party, **PKCE), ONE)
    assert unfold(party, request=token)["state"] == "inside"
    with pytest.raises(InvalidRequestObject):
        unfold(party, request=token)


INJECTED = {
    "response_type": "code id_token token", "response_mode": "form_post", "scope": "openid email phone address", "prompt": "consent",
    "code_challenge": "A" * 43, "state": "forged", "nonce": "forged", "acr_values": "1", "claims": '{"userinfo":{"email":null}}',
    "redirect_uri": "https://evil.example/cb", "login_hint": "mallory",
}  # fmt: skip


@pytest.mark.parametrize("members", [{}, {"profile": "openid", "require_signed_request_object": True}])
@pytest.mark.parametrize("name", INJECTED)
def test_a_parameter_beside_the_object_changes_nothing_where_the_object_stands_alone(
    make_client: Callable[..., Party], name: str, members: dict[str, Any]
) -> None:
    """RFC 9101 §6.3: mixing signed and unsigned parameters is how a browser in the middle would change a request.

    §10.5: a client that must sign its requests must sign all of them, whatever its profile.
    """
    party = make_client(jwks=public(ONE), **members)
    claims = asked_in(party, **PKCE)
    read = unfold(party, request=signed(claims, ONE), **{name: INJECTED[name]})
    assert dict(read) == {key: claims[key] for key in read}
    assert name not in read or read[name] == claims[name]


def test_the_object_of_who_signs_all_names_its_client(make_client: Callable[..., Party]) -> None:
    """RFC 9101 §5: client_id is required in it; the one beside it is nobody's word."""
    party = make_client(profile="openid", require_signed_request_object=True, jwks=public(ONE))
    with pytest.raises(InvalidRequestObject):
        unfold(party, request=signed(asked_in(party, client_id=None), ONE))


def test_a_parameter_beside_the_object_never_goes_before_it(make_client: Callable[..., Party]) -> None:
    """OpenID Connect Core §6.1: what the object says supersedes."""
    party = make_client(profile="openid", jwks=public(ONE))
    claims = asked_in(party, **PKCE)
    read = unfold(party, request=signed(claims, ONE), **INJECTED | {"response_type": "code"})
    for name in ("state", "nonce", "scope", "redirect_uri", "code_challenge"):
        assert read[name] == claims[name]


def test_a_long_object_is_refused_before_it_is_looked_at(make_client: Callable[..., Party], browser: Browser) -> None:
    party = make_client(jwks=public(ONE))
    token = signed(asked_in(party, filler="x" * settings.LIMITS.jose_bytes), ONE)
    with pytest.raises(InvalidRequestObject):
        unfold(party, request=token)
    shown = browser.http.post("/oauth/authorize", {"client_id": party.client_id, "request": token})
    assert shown.status_code in {400, 415}
    assert not location(shown)


INSIDE = [
    "127.0.0.1:{}",
    "localhost:{}",
    "[::ffff:127.0.0.1]:{}",
    "0.0.0.0:{}",
    "127.1:{}",
    "2130706433:{}",
    "127.0.0.1.nip.io",
]


@pytest.mark.parametrize("host", INSIDE)
def test_a_request_uri_leads_nowhere_inside(
    make_client: Callable[..., Party], listener: Listener, host: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-09, CVE-2020-10770: even a registered address is judged when it is called; the listener hears nothing."""
    settings.OUTBOUND_ALLOW = ()
    monkeypatch.setattr(
        fetch, "resolve", lambda name, port: [ipaddress.ip_address("127.0.0.1")] if "nip" in name else
        fetch._getaddrinfo(name, port),
    )  # fmt: skip
    address = f"https://{host.format(listener.port)}/object"
    party = make_client(jwks=public(ONE), request_uris=[address])
    with pytest.raises(InvalidRequestURI):
        unfold(party, request_uri=address)
    assert listener.hits == 0


@pytest.mark.parametrize(
    "address",
    ["http://app.example/x", "file:///etc/passwd", "ftp://app.example/x", "https://u:p@app.example/x", "https://app.example:0/x",
     "javascript:alert(1)", "https://app.example/\nx", "https://app.example/x#a b", "gopher://x", "https:///x", "//app.example/x"],
)  # fmt: skip
def test_what_may_not_be_registered_as_a_request_uri(make_client: Callable[..., Party], address: str) -> None:
    with pytest.raises(InvalidClientMetadata, match="request_uris"):
        make_client(request_uris=[address])


def test_a_crowd_of_slow_fetches_leaves_room_for_key_sets(
    make_client: Callable[..., Party], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design rule 6: what anybody's browser can cause takes half of the ways out at most."""
    monkeypatch.setattr(cached_fetch, "_PATIENCE_SECONDS", 0.05)
    slow = threading.Event()
    under_way = []

    def wait(url: str, **_: Any) -> fetch.Fetched:
        under_way.append(url)
        slow.wait()
        raise fetch.FetchError("slow")

    monkeypatch.setattr(fetch, "get", wait)
    uris = [f"https://app{n}.example/" for n in range(8)]

    def ask(uri: str) -> None:
        with suppress(fetch.FetchError):
            cached_fetch.get(uri, "test", accept="*/*", most_octets=10, seconds=1, keep=lambda _: 1)

    threads = [threading.Thread(target=ask, args=(uri,)) for uri in uris]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: sum(thread.is_alive() for thread in threads) <= 4, "the refusal of the others")
    finally:
        slow.set()
        for thread in threads:
            thread.join()
    assert len(under_way) == 4
