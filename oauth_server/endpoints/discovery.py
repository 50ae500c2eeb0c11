"""Discovery (OpenID Connect Discovery §3, RFC 8414 §2), printed from the tables that the server runs on, so it cannot lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from identity.claims import SCOPE_CLAIMS
from identity.sign_in.assurance import ACR_VALUES
from oauth_server.authorize.prompts import PROMPTS
from oauth_server.authorize.response_modes import RESPONSE_MODES, RESPONSE_TYPES
from oauth_server.clients.methods import CLIENT_AUTH_METHODS, assertion
from oauth_server.clients.profiles import PROFILES
from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.caching import cacheable
from oauth_server.endpoints.token import grants
from oauth_server.jose.algorithms import SYMMETRIC
from oauth_server.keys import store
from oauth_server.tokens.issue import OFFLINE_ACCESS, OPENID

# Claims that an ID token has beside those of the scopes (OpenID Connect Core §2).
_ID_TOKEN_CLAIMS: Final = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash")


def _ordered(values: Iterable[str], first: str = "") -> list[str]:
    return sorted(values, key=lambda value: (value != first, value))


def document() -> dict[str, Any]:
    """The metadata of this server. An endpoint whose feature is off does not appear."""
    issuer, features = settings.ISSUER, settings.FEATURES
    methods = list(CLIENT_AUTH_METHODS)
    confidential = [method for method in methods if method != "none"]
    scopes = [OPENID, *(scope for scope in SCOPE_CLAIMS if scope != OPENID)]
    if features.refresh_token:
        scopes.append(OFFLINE_ACCESS)
    claims = {claim for names in SCOPE_CLAIMS.values() for claim in names} | {"sub", *_ID_TOKEN_CLAIMS}
    metadata: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": scopes,
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(grants()),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [*_ordered(store.signing_algorithms(), "RS256"), *sorted(SYMMETRIC)],
        "token_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": _ordered(
            {method for row in PROFILES.values() for method in row.code_challenge_methods}, "S256"
        ),
        "acr_values_supported": list(ACR_VALUES),
        "claims_supported": sorted(claims),
        "claim_types_supported": ["normal"],
        "prompt_values_supported": list(PROMPTS),
        "display_values_supported": ["page"],
        "ui_locales_supported": [code for code, _ in settings.LANGUAGES],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }
    if features.userinfo:
        metadata["userinfo_endpoint"] = f"{issuer}/oauth/userinfo"
        metadata["userinfo_signing_alg_values_supported"] = metadata["id_token_signing_alg_values_supported"]
    if features.introspection:
        metadata["introspection_endpoint"] = f"{issuer}/oauth/introspect"
        metadata["introspection_endpoint_auth_methods_supported"] = confidential
    if features.revocation:
        metadata["revocation_endpoint"] = f"{issuer}/oauth/revoke"
        metadata["revocation_endpoint_auth_methods_supported"] = methods
    if features.rp_initiated_logout:
        metadata["end_session_endpoint"] = f"{issuer}/oauth/logout"
    # Every ID token of a sign-in has its sid, so whoever supports one of the two supports it with the session.
    for channel in ("frontchannel", "backchannel"):
        metadata[f"{channel}_logout_supported"] = getattr(features, f"{channel}_logout")
        metadata[f"{channel}_logout_session_supported"] = getattr(features, f"{channel}_logout")
    if features.session_management:
        metadata["check_session_iframe"] = f"{issuer}/oauth/check-session"
    # RFC 8414 §2: required beside a method that signs, for each endpoint that authenticates clients.
    signed = [assertion.ALGORITHMS[method] for method in methods if method in assertion.ALGORITHMS]
    for endpoint in ("token", "introspection", "revocation"):
        if signed and f"{endpoint}_endpoint" in metadata:
            metadata[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = sorted(frozenset().union(*signed))
    return metadata


@lru_cache(maxsize=2)
def _printed(published: str) -> tuple[bytes, str]:  # noqa: ARG001  # which keys are published is the cache's key
    octets = orjson.dumps(document())
    return octets, f'"{hashlib.sha256(octets).hexdigest()[:32]}"'


@protocol_endpoint("discovery", "GET", "HEAD", cors=True, cacheable=True)
def discovery(request: HttpRequest, now: datetime) -> HttpResponse:  # noqa: ARG001  # the shell calls every handler alike
    """Both well-known documents: the same members serve OpenID Connect and plain OAuth 2.0."""
    octets, etag = _printed(store.public_jwks().etag)
    return cacheable(request, octets, etag, "application/json", settings.LIFETIMES.jwks_max_age)
