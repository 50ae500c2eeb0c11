"""Audience injection (CVE-2025-27370, CVE-2025-27371, RFC 10070): an assertion made for another server is none for us."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey

from oauth_server.clients import registry
from oauth_server.protocol.errors import InvalidClient
from tests.support.clients import ISSUER, TOKEN_ENDPOINT, claims, send_assertion, sign, with_key

pytestmark = pytest.mark.django_db

KEY = ECKey.generate_key("P-256", {"kid": "one"})
EVIL = "https://evil.example"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    registry.forget()


@pytest.mark.parametrize(
    "audience",
    [TOKEN_ENDPOINT, [ISSUER], [ISSUER, EVIL], [TOKEN_ENDPOINT], EVIL, f"{ISSUER}/", ISSUER.upper(), f"{ISSUER} {EVIL}",
     f"{ISSUER}/oauth/introspect", "", [], [[ISSUER]], {"iss": ISSUER}],
)  # fmt: skip
def test_only_the_issuer_as_one_string_is_our_audience(audience: Any) -> None:
    """RFC 10070: the issuer identifier, alone, as a string; no list, no endpoint, no other spelling."""
    client_id = with_key(KEY)
    with pytest.raises(InvalidClient):
        send_assertion(sign(claims(client_id, aud=audience), KEY))


@pytest.mark.parametrize("audience", [ISSUER, TOKEN_ENDPOINT, [ISSUER], [TOKEN_ENDPOINT], [EVIL, TOKEN_ENDPOINT]])
def test_the_openid_profile_takes_what_core_clients_send(audience: Any) -> None:
    """OpenID Connect Core §9: the audience SHOULD be the token endpoint; a list may hold it."""
    client_id = with_key(KEY, profile="openid")
    assert send_assertion(sign(claims(client_id, aud=audience), KEY))


@pytest.mark.parametrize("audience", [EVIL, [EVIL], f"{EVIL}/oauth/token", f"{TOKEN_ENDPOINT}/"])
def test_the_openid_profile_refuses_foreign_audiences(audience: Any) -> None:
    """RFC 7523 §3 item 3: not for us means no."""
    client_id = with_key(KEY, profile="openid")
    with pytest.raises(InvalidClient):
        send_assertion(sign(claims(client_id, aud=audience), KEY))
