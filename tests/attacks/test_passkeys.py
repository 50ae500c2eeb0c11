"""False passkey answers: another page, another session, the challenge of another ceremony, hostile octets (security.md 2E)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client as Browser
from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity.models import LoginSession
from tests.identity.test_passkeys import ADD, ALONE, SECOND, alone, confirm, give, options, owner, send
from tests.support.people import is_signed_in, person, sign_in
from tests.support.soft_key import ORIGIN, UP, SoftKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def issuer_with_a_name(settings: Any) -> None:
    settings.ISSUER = settings.ISSUER_ORIGIN = ORIGIN


def test_a_stolen_key_without_its_pin_opens_nothing_with_the_challenge_of_a_second_step(client: Browser) -> None:
    """The thief's own password gets a challenge that demands no verification, and sends the answer to the other page."""
    _, stolen = owner("ada")
    _, own = owner("mallory", flags=UP)
    sign_in(client, "mallory")
    challenge = options(client, SECOND)
    assert own
    client.post("/account/login/cancel/")
    stolen.flags = UP
    send(client, ALONE, stolen.get(challenge))
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.id.example", "https://id.example:8443", "http://id.example", "https://evil.example", "null", ""],
)
def test_an_answer_made_on_another_page_is_refused(client: Browser, origin: str) -> None:
    """§7.2 step 13: also of a sibling subdomain, to which browsers give answers for our name."""
    _, key = owner()
    key.origin = origin
    alone(client, key)
    assert not is_signed_in(client)


def test_an_answer_made_in_a_frame_of_a_stranger_is_refused(client: Browser) -> None:
    _, key = owner()
    send(client, ALONE, key.get(options(client, ALONE), crossOrigin=True, topOrigin="https://evil.example"))
    assert not is_signed_in(client)


def test_an_answer_works_once(client: Browser) -> None:
    """§13.4.3: replay."""
    _, key = owner()
    answer = key.get(options(client, ALONE))
    send(client, ALONE, answer)
    assert is_signed_in(client)
    before = LoginSession.objects.get(ended_at=None)
    send(client, f"{ALONE}?prompt=login", answer)
    assert LoginSession.objects.get(ended_at=None).auth_time == before.auth_time


def test_an_answer_is_worth_nothing_in_another_browser(client: Browser) -> None:
    """Login CSRF: nobody is signed in to the attacker's account by a form on the attacker's page."""
    _, key = owner()
    answer = key.get(options(Browser(), ALONE))
    options(client, ALONE)
    send(client, ALONE, answer)
    assert not is_signed_in(client)


def test_an_assertion_is_no_registration_and_the_other_way_round(client: Browser) -> None:
    """§7.1 step 7, §7.2 step 11."""
    person()
    sign_in(client)
    confirm(client)
    key = SoftKey()
    asked = options(client, ADD)
    made = key.create(asked, type="webauthn.get")
    send(client, ADD, made, name="x")
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_the_user_handle_of_somebody_else_opens_neither_account(client: Browser) -> None:
    ada, _ = owner("ada")
    _, key = owner("mallory")
    key.user_handle = ada.pk.hex.encode()
    alone(client, key)
    assert not is_signed_in(client)


def bent(credential: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(credential))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    if value is DELETE:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return copy


DELETE = object()
PATHS = [
    ("id",),
    ("rawId",),
    ("type",),
    ("response",),
    ("clientExtensionResults",),
    ("response", "clientDataJSON"),
    ("response", "authenticatorData"),
    ("response", "attestationObject"),
    ("response", "signature"),
    ("response", "userHandle"),
]
VALUES: list[Any] = [
    DELETE, None, "", "!", "A", "AAAA", 0, -1, 1.5, True, [], [1], {}, {"a": {}}, "\u0000", "é", "A" * 200_000,
    websafe_encode(b"\x00" * 37), websafe_encode(b"\xff" * 64), websafe_encode(cbor.encode({"fmt": "none"})),
    websafe_encode(b'{"type":"webauthn.get"}'), websafe_encode(b"[" * 5_000), websafe_encode(b"\x9f" * 5_000), websafe_encode(b"\x81" * 20_000),
]  # fmt: skip


@pytest.mark.parametrize("make", [lambda key, asked: key.get(asked), lambda key, asked: key.create(asked)])
def test_bent_answers_are_refused_with_a_sentence(client: Browser, make: Callable[[SoftKey, Any], Any]) -> None:
    """Scorecard S-01: no 500, whatever a part of the answer is."""
    _, key = owner()
    alone(client, key)
    creating = "attestationObject" in make(key, {"publicKey": ASKED})["response"]
    address = ADD if creating else ALONE
    if creating:
        again = "/account/2fa/webauthn/reauthenticate/"
        send(client, again, key.get(options(client, again)))
    else:
        client.post("/account/logout/")
    count = Authenticator.objects.count()
    good = make(key, options(client, address))
    for path in PATHS:
        for value in VALUES:
            response = send(client, address, bent(good, path, value), name="x")
            assert response.status_code in {200, 303, 302}, (path, value)
    # What nothing depends on may be bent (a type that is missing); the challenge was good for one answer.
    assert Authenticator.objects.count() - count <= 1


ASKED = {"challenge": "AAAA", "rpId": "id.example", "rp": {"id": "id.example"}, "user": {"id": "AAAA"}}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "rawId", "response", "type", "clientDataJSON", "authenticatorData", "signature", "userHandle"]), inner, max_size=5)))  # fmt: skip
def test_whatever_json_comes_as_an_answer_is_refused(client: Browser, credential: Any) -> None:
    assert send(client, ALONE, credential).status_code == 303


@pytest.mark.parametrize("text", ["", "{", "nul", "[" * 100_000, "1" * 10_000, "NaN", '"\\ud800"', '{"id": "\\u0000"}'])
def test_what_is_no_json_is_refused(client: Browser, text: str) -> None:
    assert client.post(ALONE, {"credential": text}).status_code == 303


def test_a_key_that_we_cannot_verify_is_not_registered(client: Browser) -> None:
    """Else the first sign-in with it would fail, when it is too late."""
    person()
    sign_in(client)
    key = SoftKey()
    confirm(client)
    made = key.create(options(client, ADD))
    attestation = made["response"]["attestationObject"]
    statement = cbor.decode(websafe_decode(attestation))
    head = statement["authData"][: 37 + 16 + 2 + 16]
    statement["authData"] = head + cbor.encode({1: 2, 3: -65_535, -1: 1, -2: b"x" * 32})
    made["response"]["attestationObject"] = websafe_encode(cbor.encode(statement))
    send(client, ADD, made, name="x")
    assert not Authenticator.objects.filter(type="webauthn").exists()
    assert give(client, SoftKey()).status_code == 302
