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
from oauth_server.authorize.request_object import SOURCES
from oauth_server.authorize.response_modes import RESPONSE_MODES, RESPONSE_TYPES
from oauth_server.clients.encryption import AUTHORIZATION, ENC_VALUES, ENCRYPTED, ID_TOKEN, USERINFO
from oauth_server.clients.encryption import REQUEST_OBJECT as REQUEST
from oauth_server.clients.fields import FRONT_CHANNEL_GRANTS
from oauth_server.clients.methods import CLIENT_AUTH_METHODS, assertion
from oauth_server.clients.profiles import PROFILES
from oauth_server.clients.subjects import SUBJECT_TYPES
from oauth_server.endpoints.base import protocol_endpoint
from oauth_server.endpoints.caching import cacheable
from oauth_server.endpoints.register import CLOSED
from oauth_server.endpoints.token import grants
from oauth_server.jose.algorithms import REQUEST_OBJECT, SYMMETRIC
from oauth_server.keys import store
from oauth_server.tokens.access_token import OPENID, userinfo_endpoint
from oauth_server.tokens.issue import OFFLINE_ACCESS

# Claims that an ID token has beside those of the scopes (OpenID Connect Core §2).
_ID_TOKEN_CLAIMS: Final = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "c_hash")


def _ordered(values: Iterable[str], first: str = "") -> list[str]:
    return sorted(values, key=lambda value: (value != first, value))


def _endpoint(name: str, address: str, methods: list[str]) -> dict[str, Any]:
    """An endpoint that authenticates clients; RFC 8414 §2 asks for the algorithms beside a method that signs."""
    members: dict[str, Any] = {
        f"{name}_endpoint": f"{settings.ISSUER}/oauth/{address}",
        f"{name}_endpoint_auth_methods_supported": methods,
    }
    signed = [assertion.ALGORITHMS[method] for method in methods if method in assertion.ALGORITHMS]
    if signed:
        members[f"{name}_endpoint_auth_signing_alg_values_supported"] = sorted(frozenset().union(*signed))
    return members


def _encryption(kind: str) -> dict[str, Any]:
    return {
        f"{kind}_encryption_alg_values_supported": list(ENCRYPTED[kind].algorithms) if kind in ENCRYPTED else [],
        f"{kind}_encryption_enc_values_supported": list(ENC_VALUES),
    }


def _logout(channel: str) -> dict[str, Any]:
    # Every ID token of a sign-in has its sid, so whoever is told of a sign-out is told of which one.
    return {f"{channel}_logout_supported": True, f"{channel}_logout_session_supported": True}


def _optional(signing: list[str]) -> tuple[tuple[bool, dict[str, Any]], ...]:
    """Whether a part of the server is on, and what is said of it then."""
    issuer, features = settings.ISSUER, settings.FEATURES
    methods = list(CLIENT_AUTH_METHODS)
    confidential = [method for method in methods if method != "none"]
    return (
        (bool(SOURCES), {"request_object_signing_alg_values_supported": _ordered(REQUEST_OBJECT, "RS256")}),
        ("request_uri" in SOURCES, {"require_request_uri_registration": True}),
        (
            features.userinfo,
            {"userinfo_endpoint": userinfo_endpoint(), "userinfo_signing_alg_values_supported": signing},
        ),
        *(
            (kind in ENCRYPTED and (kind != USERINFO or features.userinfo), _encryption(kind))
            for kind in (ID_TOKEN, USERINFO, AUTHORIZATION, REQUEST)
        ),
        (features.jarm, {"authorization_signing_alg_values_supported": signing}),
        (features.introspection, _endpoint("introspection", "introspect", confidential)),
        (features.revocation, _endpoint("revocation", "revoke", methods)),
        (settings.REGISTRATION != CLOSED, {"registration_endpoint": f"{issuer}/oauth/register"}),
        (features.rp_initiated_logout, {"end_session_endpoint": f"{issuer}/oauth/logout"}),
        (features.frontchannel_logout, _logout("frontchannel")),
        (features.backchannel_logout, _logout("backchannel")),
        (features.session_management, {"check_session_iframe": f"{issuer}/oauth/check-session"}),
    )


def document() -> dict[str, Any]:
    """The metadata of this server. An endpoint whose feature is off does not appear."""
    issuer, features = settings.ISSUER, settings.FEATURES
    scopes = [OPENID, *(scope for scope in SCOPE_CLAIMS if scope != OPENID)]
    if features.refresh_token:
        scopes.append(OFFLINE_ACCESS)
    claims = {claim for names in SCOPE_CLAIMS.values() for claim in names} | {"sub", *_ID_TOKEN_CLAIMS}
    metadata: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        **_endpoint("token", "token", list(CLIENT_AUTH_METHODS)),
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": scopes,
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [*grants(), *FRONT_CHANNEL_GRANTS],
        "subject_types_supported": list(SUBJECT_TYPES),
        "id_token_signing_alg_values_supported": [*_ordered(store.signing_algorithms(), "RS256"), *sorted(SYMMETRIC)],
        "code_challenge_methods_supported": _ordered(
            {method for row in PROFILES.values() for method in row.code_challenge_methods}, "S256"
        ),
        "acr_values_supported": list(ACR_VALUES),
        "claims_supported": sorted(claims),
        "claim_types_supported": ["normal"],
        "prompt_values_supported": list(PROMPTS),
        "display_values_supported": ["page"],
        "ui_locales_supported": [code for code, _ in settings.LANGUAGES],
        "claims_parameter_supported": True,
        "request_parameter_supported": "request" in SOURCES,
        "request_uri_parameter_supported": "request_uri" in SOURCES,
        "authorization_response_iss_parameter_supported": True,
    }
    for applies, members in _optional(metadata["id_token_signing_alg_values_supported"]):
        if applies:
            metadata |= members
    # Discovery §3.1.2, RFC 8414 §3.2: what has no element is left out.
    return {name: value for name, value in metadata.items() if value != []}


@lru_cache(maxsize=2)
def _printed(published: str) -> tuple[bytes, str]:  # noqa: ARG001  # which keys are published is the cache's key
    octets = orjson.dumps(document())
    return octets, f'"{hashlib.sha256(octets).hexdigest()[:32]}"'


@protocol_endpoint("discovery", "GET", "HEAD", cors=True, cacheable=True)
def discovery(request: HttpRequest, now: datetime) -> HttpResponse:  # noqa: ARG001  # the shell calls every handler alike
    """Both well-known documents: the same members serve OpenID Connect and plain OAuth 2.0."""
    octets, etag = _printed(store.public_jwks().etag)
    return cacheable(request, octets, etag, "application/json", settings.LIFETIMES.jwks_max_age)
