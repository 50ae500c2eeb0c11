"""METHODS: how we prove to a provider's token endpoint who we are (OpenID Connect Core §9, RFC 6749 §2.3.1, RFC 7523 §2.2)."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey

from identity.federation.connection import Connection

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SECONDS: Final = 60
# Where a provider does not say what it takes, RFC 8414 §2 says it.
DEFAULT: Final = "client_secret_basic"
_KEYS: Final[Mapping[str, type[ECKey] | type[RSAKey]]] = {"EC": ECKey, "RSA": RSAKey}
_ALGORITHMS: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "RSA": "RS256"}


class BadKeyError(ValueError):
    """The secret of a provider is no key of the kind that its method needs."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a token request carries."""

    form: Mapping[str, str] = field(default_factory=dict)
    authorization: str = field(default="", repr=False)


def _basic(made: Connection, endpoint: str, now: datetime) -> Proof:
    del endpoint, now
    # RFC 6749 §2.3.1: both are form-encoded first, or a colon in the client_id would end it.
    pair = f"{quote_plus(made.client_id)}:{quote_plus(made.secret)}"
    return Proof(authorization=f"Basic {base64.b64encode(pair.encode()).decode()}")


def _post(made: Connection, endpoint: str, now: datetime) -> Proof:
    del endpoint, now
    return Proof({"client_id": made.client_id, "client_secret": made.secret})


def _public(made: Connection, endpoint: str, now: datetime) -> Proof:
    del endpoint, now
    return Proof({"client_id": made.client_id})


def _claims(made: Connection, audience: str, now: datetime) -> dict[str, Any]:
    at = int(now.timestamp())
    return {
        "iss": made.client_id,
        "sub": made.client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(16),
        "iat": at,
        "exp": at + _SECONDS,
    }


def _signed(made: Connection, key: Key, alg: str, kid: str, claims: dict[str, Any]) -> Proof:
    header = {"alg": alg} | ({"kid": kid} if kid else {})
    assertion = jwt.encode(header, claims, key, algorithms=[alg])
    return Proof(
        {"client_id": made.client_id, "client_assertion_type": ASSERTION, "client_assertion": assertion},
    )


def _private_key(made: Connection, endpoint: str, now: datetime) -> Proof:
    """The audience is the issuer, one string: a token endpoint's address can be another's too (RFC 10070)."""
    del endpoint
    key, alg, kid = private_key(made.secret)
    return _signed(made, key, alg, kid, _claims(made, made.issuer, now))


def private_key(text: str) -> tuple[Key, str, str]:
    """The key in a private JWK, its algorithm and its name.

    Raises:
        BadKeyError: it is none that we can sign with.
    """
    try:
        jwk = json.loads(text)
        key = _KEYS[jwk["kty"]].import_key(jwk)
        alg = str(jwk.get("alg") or _ALGORITHMS[jwk.get("crv", "RSA")])
    except (ValueError, KeyError, TypeError, AttributeError, JoseError):
        raise BadKeyError("The secret must be a private JWK, EC or RSA.") from None
    if not key.is_private:
        raise BadKeyError("The JWK has no private part.")
    return key, alg, str(jwk.get("kid", ""))


def _apple(made: Connection, endpoint: str, now: datetime) -> Proof:
    """Apple's client secret is an assertion of the team, made with the key that Apple gave out."""
    del endpoint
    claims = _claims(made, made.issuer, now) | {"iss": made.row.key_names["team_id"]}
    header = {"alg": "ES256", "kid": made.row.key_names["key_id"]}
    assertion = jwt.encode(header, claims, apple_key(made.secret), algorithms=["ES256"])
    return Proof({"client_id": made.client_id, "client_secret": assertion})


def apple_key(text: str) -> ECKey:
    """The private key in the file that Apple gave out.

    Raises:
        BadKeyError: it is none.
    """
    try:
        key = ECKey.import_key(text)
    except (ValueError, TypeError, JoseError):
        raise BadKeyError("The secret must be the text of the .p8 file that Apple gave out.") from None
    if not key.is_private:
        raise BadKeyError("The secret must be the private key.")
    return key


# Method → what its secret must be, judged when it is set up and not when somebody signs in.
SECRET_IS: Final[Mapping[str, Callable[[str], object]]] = {"private_key_jwt": private_key, "apple": apple_key}


Method = Callable[[Connection, str, datetime], Proof]
METHODS: Final[Mapping[str, Method]] = {
    "client_secret_basic": _basic,
    "client_secret_post": _post,
    "private_key_jwt": _private_key,
    "none": _public,
    "apple": _apple,
}


def choose(made: Connection, offered: Sequence[str]) -> Method:
    """The method of a provider: what the operator or the preset says, else the first that both sides know.

    Args:
        made: the provider.
        offered: its ``token_endpoint_auth_methods_supported``; empty when it does not say.
    """
    if made.client_auth:
        return METHODS[made.client_auth]
    if not made.row.wrapped_secret:
        return METHODS["none"]
    return METHODS[next((name for name in (DEFAULT, "client_secret_post") if name in offered), DEFAULT)]
