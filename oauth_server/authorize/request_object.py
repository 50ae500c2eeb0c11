"""Request objects: an authorization request as a JWT that its client signed (OpenID Connect Core §6, RFC 9101).

``unfold`` turns the parameters of a request into the ones that count; everything after works with those and cannot tell the
difference. Which parameters count is the client's profile, or its own word that it signs all of them: RFC 9101 (nothing but
the object) or OpenID Connect Core (what the object leaves open may stand beside it). An unsigned object has no algorithm
here, so no profile can let one in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.conf import settings

from oauth_server.authorize.response_modes import canonical
from oauth_server.clients import encryption, key_sets, request_uris
from oauth_server.clients.client import RegisteredClient
from oauth_server.jose.algorithms import REQUEST_OBJECT
from oauth_server.jose.errors import JoseError
from oauth_server.jose.verify import Unverified, check_times, inspect, verify
from oauth_server.keys.secrets import fingerprint
from oauth_server.models import SeenIdentifier
from oauth_server.outbound.fetch import FetchError
from oauth_server.protocol import parameters as front_door
from oauth_server.protocol.errors import (
    InvalidRequest,
    InvalidRequestObject,
    InvalidRequestURI,
    OAuthError,
    RequestNotSupported,
    RequestURINotSupported,
)
from oauth_server.protocol.parameters import Parameters

# RFC 9101 §10.8: a JWT that says it is something else is no request object.
_TYPES: Final = frozenset({"", "jwt", "oauth-authz-req+jwt"})
# What the JWT says about itself (RFC 7519 §4.1); never a parameter.
_OF_THE_JWT: Final = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})
_LONGEST_JTI: Final = 512
# How long an identifier without an end is remembered.
_JTI_KEPT: Final = timedelta(days=1)
# Parameters whose value in an object is JSON, and in a query the text of it.
_JSON: Final = frozenset({"claims", "authorization_details", "registration"})


class Source(NamedTuple):
    """A row of SOURCES: how the object comes out of its parameter."""

    token: Callable[[str, RegisteredClient], str]
    source: str


def _by_value(value: str, _: RegisteredClient) -> str:
    return value


def _by_reference(uri: str, client: RegisteredClient) -> str:
    if not request_uris.is_registered(uri, client):
        raise InvalidRequestURI(
            "The request_uri is not one that this client registered.", hint="Register it in request_uris."
        )
    try:
        return request_uris.read(uri).decode("ascii").strip()
    except (FetchError, UnicodeDecodeError) as error:
        raise InvalidRequestURI("The request_uri could not be read.", detail=str(error)) from None


# Rows are (feature, parameter, row), as in ``response_modes``.
_SOURCES: Final = (
    ("request_parameter", "request", Source(_by_value, "OpenID Connect Core §6.1, RFC 9101 §5.1")),
    ("request_uri_parameter", "request_uri", Source(_by_reference, "OpenID Connect Core §6.2, RFC 9101 §5.2")),
)
SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {name: row for feature, name, row in _SOURCES if getattr(settings.FEATURES, feature)}
)
_UNSUPPORTED: Final[Mapping[str, type[OAuthError]]] = MappingProxyType(
    {"request": RequestNotSupported, "request_uri": RequestURINotSupported}
)


def unfold(parameters: Parameters, client: RegisteredClient, now: datetime) -> Parameters:
    """The parameters that count.

    Args:
        parameters: as received.
        client: whom their ``client_id`` names.
        now: the moment of the request.

    Raises:
        OAuthError: an object that is not acceptable, or none from a client that must send one; nothing of it counts then.
    """
    given = [name for name in _UNSUPPORTED if name in parameters]
    if not given:
        if client.metadata.get("require_signed_request_object"):
            raise InvalidRequest(
                "This client must send its requests as signed request objects (RFC 9101 section 10.5)."
            )
        return parameters
    if len(given) > 1:
        raise InvalidRequest("The parameters request and request_uri must not stand together.")
    (name,) = given
    if name not in SOURCES:
        raise _UNSUPPORTED[name](f"The parameter {name} is not supported.")
    claims = _verified(SOURCES[name].token(parameters[name], client), client, now)
    inner = _parameters(claims)
    _check_against(inner, parameters, client)
    _spend(claims, client, now)
    if client.request_object_alone:
        return inner
    beside = {key: value for key, value in parameters.items() if key not in _UNSUPPORTED}
    repeated = {key: inner.all(key) or parameters.all(key) for key in front_door.REPEATABLE}
    return Parameters({**beside, **inner}, repeated)


def _verified(token: str, client: RegisteredClient, now: datetime) -> Mapping[str, Any]:
    """The claims of an object that the client signed, for us, and that is in force (RFC 9101 §6.2, RFC 7519 §4.1)."""
    registered = client.metadata.get("request_object_signing_alg")
    algorithms = REQUEST_OBJECT if registered is None else REQUEST_OBJECT & {registered}
    limit = settings.LIMITS.jose_bytes
    try:
        token = encryption.open_request_object(token, client, now)
        seen = inspect(token, limit=limit)
        # Before a key is looked for: what cannot be accepted must not make us fetch one.
        why = _is_wrong(seen, client, algorithms)
        if not why:
            check_times(seen.claims, now, settings.LIFETIMES.clock_skew, require_exp=False)
            keys = key_sets.key_set(client, seen.header.get("kid"), now)
            return verify(token, keys, algorithms=algorithms, typ=_TYPES, limit=limit).claims
    except JoseError as error:
        why = str(error)
    raise InvalidRequestObject(
        "The request object is invalid.",
        hint="It must be signed with a registered key, with iss, aud, exp and nbf as RFC 9101 says.",
        detail=why,
    )


def _is_wrong(seen: Unverified, client: RegisteredClient, algorithms: frozenset[str]) -> str:
    """Why an object cannot be this client's request to us; nothing when it can."""
    claims = seen.claims
    if seen.header["alg"] not in algorithms:
        return "The algorithm is not one that this client may sign request objects with."
    audience = claims.get("aud", settings.ISSUER)
    flaws = (
        (claims.get("iss", client.client_id) != client.client_id, "iss is not the client."),
        (settings.ISSUER not in (audience if isinstance(audience, list) else [audience]), "aud is not this server."),
        # RFC 9101 §10.8: with it the object could be a client assertion, or an assertion an object.
        (claims.get("sub") == client.client_id, "sub must not be the client."),
        (len(claims.get("jti", "")) > _LONGEST_JTI, "jti is too long."),
        (bool(_UNSUPPORTED.keys() & claims.keys()), "A request object must not stand in an object."),
    )
    return next((why for is_so, why in flaws if is_so), "")


def _parameters(claims: Mapping[str, Any]) -> Parameters:
    """The claims as parameters, within the bounds of the front door."""
    single: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    for name, value in claims.items():
        if name in _OF_THE_JWT or value is None:
            continue
        if name in front_door.REPEATABLE:
            values = value if isinstance(value, list) else [value]
            repeated[name] = tuple(_text(name, one) for one in values)
        elif text := _text(name, value):
            single[name] = text
    return Parameters(single, repeated)


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict | list) and name in _JSON:
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, str):
        text = value
    else:
        raise InvalidRequestObject(f"The parameter {name[:100]} of the request object has the wrong type.")
    limits = front_door.DEFAULT_LIMITS
    if len(text) > (settings.LIMITS.jose_bytes if name in limits.long_values else settings.LIMITS.parameter_bytes):
        raise InvalidRequestObject(f"The parameter {name[:100]} of the request object is too long.")
    return text


def _check_against(inner: Parameters, outer: Parameters, client: RegisteredClient) -> None:
    """What stands both in the object and beside it, and what the object must have."""
    alone = client.request_object_alone
    if inner.get("client_id", "" if alone else client.client_id) != client.client_id:
        raise InvalidRequestObject("The client_id of the request object is missing or not that of the request.")
    if alone:
        return
    # OpenID Connect Core §6.1; RFC 9101 §5 lets the outer one be left out.
    asked, beside = inner.get("response_type"), outer.get("response_type")
    if asked is not None and beside is not None and canonical(asked) != canonical(beside):
        raise InvalidRequestObject("The response_type of the request object is not that of the request.")


def _spend(claims: Mapping[str, Any], client: RegisteredClient, now: datetime) -> None:
    """An object that names itself is used once (RFC 7519 §4.1.7)."""
    jti = claims.get("jti")
    if not jti:
        return
    exp = claims.get("exp")
    until = now + _JTI_KEPT
    if exp is not None:
        until = datetime.fromtimestamp(exp, UTC) + timedelta(seconds=settings.LIFETIMES.clock_skew + 1)
    if not SeenIdentifier.objects.first_time(fingerprint("request_object", client.client_id, jti), until):
        raise InvalidRequestObject("The request object was used before.")
