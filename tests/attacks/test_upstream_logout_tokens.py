"""Logout tokens of an upstream provider: honest ones end everything, forged ones nothing (OpenID Connect Back-Channel Logout §2.6)."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from identity.models import LoginSession, Upstream, User
from oauth_server.audit import record
from oauth_server.models import AuditEvent, TokenFamily
from tests.identity.test_upstream_sign_in import link
from tests.support.operators import furnish
from tests.support.people import person, sign_in
from tests.support.upstream import Provider, Traveller, connect, provider

pytestmark = pytest.mark.django_db

ADDRESS = "/account/login/with/there/back-channel-logout/"


@pytest.fixture
def ada(there: Provider) -> User:
    connect(there)
    user = person("ada")
    link(user, there)
    return user


def say(token: str, address: str = ADDRESS) -> int:
    return Browser(enforce_csrf_checks=True).post(address, {"logout_token": token}).status_code


def live(user: User) -> int:
    return len(LoginSession.objects.of_person(user, timezone.now()))


def test_a_logout_token_ends_the_sign_in_and_everything_that_it_led_to(there: Provider, ada: User) -> None:
    """§2.7; ours ends the same way whoever ends it."""
    traveller = Traveller()
    traveller.sign_in(there, sid="there-1")
    [session] = LoginSession.objects.of_person(ada, timezone.now())
    furnish(person("owner"))
    TokenFamily.objects.update(session=session, user=ada)
    assert say(there.logout_token(sub="ada-there", sid="there-1")) == 200
    assert live(ada) == 0
    assert TokenFamily.objects.get().revoked_at is not None
    assert traveller.browser.get("/account/").status_code == 302
    session.refresh_from_db()
    assert session.end_reason == "signed_out_upstream"


def test_a_session_is_one_session_and_a_subject_is_all_of_them(there: Provider, ada: User) -> None:
    """§2.4: with sid that session, with sub alone every one; a sign-in that named no session is meant by its subject."""
    for sid in ({"sid": "one"}, {"sid": "two"}, {}):
        Traveller().sign_in(there, **sid)
    assert live(ada) == 3
    assert say(there.logout_token(sid="one")) == 200
    assert live(ada) == 2
    assert say(there.logout_token(sub="ada-there", sid="nobody")) == 200
    assert live(ada) == 1
    assert say(there.logout_token(sub="ada-there")) == 200
    assert live(ada) == 0


def test_signing_in_here_by_password_is_nothing_of_theirs(there: Provider, ada: User) -> None:
    browser = Browser()
    sign_in(browser, "ada")
    assert say(there.logout_token(sub="ada-there")) == 200
    assert live(ada) == 1


CHANGES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another's audience": {"aud": "another"},
    "no audience": {"aud": None},
    "an ID token's nonce": {"nonce": "n"},
    "a nonce that is empty": {"nonce": ""},
    "no events": {"events": None},
    "events as text": {"events": "http://schemas.openid.net/event/backchannel-logout"},
    "another event": {"events": {"https://evil.example": {}}},
    "an event that is no object": {"events": {"http://schemas.openid.net/event/backchannel-logout": True}},
    "nobody": {"sub": None, "sid": None},
    "no jti": {"jti": None},
    "no iat": {"iat": None},
    "expired": {"exp": 1},
    "old, without an end": {"exp": None, "iat": int(time.time()) - 3_600},
    "from the future": {"iat": int(time.time()) + 3_600},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_token_that_is_wrong_in_one_claim_ends_nothing(there: Provider, ada: User, name: str) -> None:
    Traveller().sign_in(there, sid="there-1")
    assert say(there.logout_token(**{"sub": "ada-there", "sid": "there-1", **CHANGES[name]})) == 400
    assert live(ada) == 1
    record.flush()
    assert AuditEvent.objects.filter(name="person:upstream:forged", facts__reason="logout_token_refused").exists()


def test_a_token_that_nobody_signed_ends_nothing(there: Provider, ada: User) -> None:
    """Keycloak CVE-2026-18569."""
    Traveller().sign_in(there)
    good = there.logout_token(sub="ada-there")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "logout+jwt"}).encode()).rstrip(b"=").decode()
    for token in (f"{head}.{good.split('.')[1]}.", good[:-4] + "AAAA", "", "x", "a.b.c", good + ".x"):
        assert say(token) == 400
    assert say(there.logout_token(sub="ada-there", key=there.new_key("one"))) == 400
    assert live(ada) == 1


def test_a_token_of_another_kind_ends_nothing(there: Provider, ada: User) -> None:
    """RFC 8725 §3.11."""
    Traveller().sign_in(there)
    for typ in ("at+jwt", "secevent+jwt", "dpop+jwt"):
        assert say(there.logout_token(typ, sub="ada-there")) == 400
    assert live(ada) == 1


def test_a_token_counts_once(there: Provider, ada: User) -> None:
    """Whoever recorded it cannot sign the person out again after they came back."""
    Traveller().sign_in(there)
    token = there.logout_token(sub="ada-there")
    assert say(token) == 200
    Traveller().sign_in(there)
    assert say(token) == 400
    assert live(ada) == 1


def test_one_provider_ends_nothing_of_another(there: Provider, ada: User) -> None:
    """The same subject, signed by its own keys, at its own or at the other's address."""
    with provider() as evil:
        connect(evil, "evil")
        Traveller().sign_in(there, sid="there-1")
        assert say(evil.logout_token(sub="ada-there", sid="there-1"), ADDRESS.replace("there", "evil")) == 200
        assert say(evil.logout_token(sub="ada-there", sid="there-1", iss=there.issuer)) == 400
        assert say(there.logout_token(sub="ada-there", sid="there-1"), ADDRESS.replace("there", "evil")) == 400
        assert live(ada) == 1


def test_a_token_from_nobody_makes_us_fetch_nothing(there: Provider, ada: User) -> None:
    """Design rule 6: what is free to check is checked first."""
    before = len(there.asked)
    for wrong in ({"iss": "https://evil.example"}, {"aud": "another"}, {"nonce": "x"}, {"jti": ""}):
        assert say(there.logout_token(**{"sub": "ada-there", **wrong})) == 400
    assert say("x" * 100_000) == 400
    assert len(there.asked) == before


def test_a_provider_that_is_disabled_says_nothing_here(there: Provider, ada: User) -> None:
    Traveller().sign_in(there)
    Upstream.objects.update(is_active=False)
    assert say(there.logout_token(sub="ada-there")) == 400
    assert live(ada) == 1


def test_the_answer_is_kept_by_nobody_and_comes_to_a_post_alone(there: Provider, ada: User) -> None:
    """§2.8."""
    response = Browser().post(ADDRESS, {"logout_token": "x"})
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {"error": "invalid_request"}
    assert Browser().get(ADDRESS).status_code == 405
