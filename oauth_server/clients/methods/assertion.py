"""``client_secret_jwt`` and ``private_key_jwt`` (RFC 7523 §2.2 and §3, RFC 10070, OpenID Connect Core §9).

Everything that costs nothing is judged before a key is looked for, so that a stranger cannot make us fetch a key set; the
identifier is spent last, so that a refused assertion spends none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings

from oauth_server.clients import key_sets, secrets
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.methods.presented import Presented
from oauth_server.jose import algorithms
from oauth_server.jose.errors import JoseError
from oauth_server.jose.key_sets import KeySet
from oauth_server.jose.verify import check_times, inspect, verify
from oauth_server.keys.secrets import fingerprint
from oauth_server.models import SeenIdentifier
from oauth_server.protocol.errors import InvalidClient

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# RFC 7523 names no type; the update that RFC 10070 makes to it does. A token of another kind is never an assertion.
_TYPES: Final = frozenset({"", "jwt", "client-authentication+jwt"})
_LONGEST_JTI: Final = 512

# What a client of each method may sign with.
ALGORITHMS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"client_secret_jwt": algorithms.CLIENT_SECRET_JWT, "private_key_jwt": algorithms.PRIVATE_KEY_JWT}
)


def read(assertion: str, endpoint: str) -> Presented:
    """Whose an assertion claims to be, and which method its algorithm makes it.

    Raises:
        InvalidClient: it is no JWT of ours to judge.
    """
    try:
        seen = inspect(assertion)
    except JoseError as error:
        raise InvalidClient("The client assertion is malformed.", detail=str(error)) from None
    methods = frozenset(name for name, allowed in ALGORITHMS.items() if seen.header["alg"] in allowed)
    return Presented(seen.claims.get("sub", ""), methods, assertion=assertion, endpoint=endpoint)


def prove(presented: Presented, client: RegisteredClient | None, now: datetime) -> str:
    """Why the assertion does not prove the client; nothing when it does."""
    if client is None or client.token_endpoint_auth_method not in presented.methods:
        return "unknown client, or one that registered another method"
    try:
        seen = inspect(presented.assertion)
        if why := _claims_are_wrong(seen.claims, client, presented.endpoint):
            return why
        check_times(seen.claims, now, settings.LIFETIMES.clock_skew, max_age=client.profile.assertion_lifetime)
        keys = _KEYS[client.token_endpoint_auth_method](client, seen.header.get("kid"), now)
        verified = verify(presented.assertion, keys, algorithms=_algorithms(client), typ=_TYPES)
    except JoseError as error:
        return str(error)
    return "" if _spend(verified.claims, client) else "The client assertion was used before."


def _claims_are_wrong(claims: Mapping[str, Any], client: RegisteredClient, endpoint: str) -> str:
    """RFC 7523 §3, items 1 to 3 and 7."""
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        return "iss and sub must both be the client_id."
    jti = claims.get("jti")
    if not jti or len(jti) > _LONGEST_JTI:
        return f"jti must be a string of 1 to {_LONGEST_JTI} characters."
    if not _is_for_us(claims.get("aud"), client, endpoint):
        return f"aud must be the issuer, {settings.ISSUER}, as one string."
    return ""


def _is_for_us(audience: Any, client: RegisteredClient, endpoint: str) -> bool:
    """Whether the assertion was made for this server, and could not have been made for another.

    A client that talks to several servers may be made to sign for a malicious one that names our endpoint as its own; only
    our issuer, alone, cannot be had that way (RFC 10070, CVE-2025-27370). Profiles of older clients take the risk knowingly.
    """
    if not client.profile.assertion_audience_token_endpoint:
        return isinstance(audience, str) and audience == settings.ISSUER
    ours = {settings.ISSUER, endpoint, f"{settings.ISSUER}/oauth/token"}
    return not ours.isdisjoint(audience if isinstance(audience, list) else [audience])


def _algorithms(client: RegisteredClient) -> frozenset[str]:
    registered = client.metadata.get("token_endpoint_auth_signing_alg")
    allowed = ALGORITHMS[client.token_endpoint_auth_method]
    return allowed if registered is None else allowed & {registered}


def _secrets_as_keys(client: RegisteredClient, kid: str | None, now: datetime) -> KeySet:  # noqa: ARG001  # secrets have no kid
    return KeySet.from_secret(*secrets.readable(client, now))


_KEYS: Final[Mapping[str, Callable[[RegisteredClient, str | None, datetime], KeySet]]] = MappingProxyType(
    {"client_secret_jwt": _secrets_as_keys, "private_key_jwt": key_sets.key_set}
)


def _spend(claims: Mapping[str, Any], client: RegisteredClient) -> bool:
    """Whether this is the first time (RFC 7523 §3, item 7); it is remembered until its age alone would refuse it."""
    until = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=settings.LIFETIMES.clock_skew + 1)
    return SeenIdentifier.objects.first_time(fingerprint("client_assertion", client.client_id, claims["jti"]), until)
