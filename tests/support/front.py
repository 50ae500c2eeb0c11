"""What the tests of request objects, the claims parameter, implicit and hybrid share: our answers read by other libraries."""

from __future__ import annotations

import time
import uuid
import warnings
from typing import Any

from authlib.oidc.core import HybridIDToken, ImplicitIDToken
from django.conf import settings
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from tests.support.parties import REDIRECT, Http, Party

CLASSES = {"implicit": ImplicitIDToken, "hybrid": HybridIDToken}


def id_token(text: str, party: Party, **checked: Any) -> dict[str, Any]:
    """The claims of an ID token: signature by joserfc with the published keys, the rest by Authlib.

    ``checked``: nonce, access_token, code and max_age, as Authlib names them; ``code`` makes it the hybrid flow.
    """
    keys = KeySet.import_key_set(Http().get("/oauth/jwks").json())
    decoded = jwt.decode(text, keys, algorithms=["RS256", "ES256", "PS256", "EdDSA", "Ed25519"])
    options = {
        "iss": {"essential": True, "value": settings.ISSUER},
        "aud": {"essential": True, "value": party.client_id},
    }
    params = {"client_id": party.client_id, **checked}
    known = CLASSES["hybrid" if "code" in checked else "implicit"]
    claims = known(decoded.claims, decoded.header, options, params)
    claims.validate(leeway=5)
    assert decoded.header["kid"]
    return dict(decoded.claims)


def key(alg: str, kid: str = "one") -> Any:
    """A private key for an algorithm, made by joserfc."""
    if alg.startswith("ES"):
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg], {"kid": kid})
    if alg in {"EdDSA", "Ed25519"}:
        return OKPKey.generate_key("Ed25519", {"kid": kid})
    return RSAKey.generate_key(2048, {"kid": kid})


def public(*keys: Any) -> dict[str, Any]:
    return {"keys": [each.as_dict(private=False) for each in keys]}


def asked_in(party: Party, **changed: Any) -> dict[str, Any]:
    """The claims of a good request object; None takes one away."""
    now = int(time.time())
    claims = {
        "iss": party.client_id, "aud": settings.ISSUER, "exp": now + 60, "nbf": now, "iat": now, "jti": uuid.uuid4().hex,
        "client_id": party.client_id, "response_type": "code", "redirect_uri": REDIRECT, "scope": "openid",
        "state": "inside", "nonce": "n-inside",
    } | changed  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def signed(claims: dict[str, Any], private: Any, alg: str = "ES256", **header: Any) -> str:
    """A JWT by joserfc."""
    header = {"alg": alg, "kid": private.kid, "typ": "oauth-authz-req+jwt", **header}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # EdDSA by its old name (RFC 9864), which everybody still uses
        return jwt.encode({name: value for name, value in header.items() if value}, claims, private, algorithms=[alg])
