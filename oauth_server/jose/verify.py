"""The strict front door for every JWT (RFC 7515 §5.2, RFC 7519 §7.2, RFC 8725).

First a pre-parser that reads one spelling only, then joserfc's algorithms with an explicit list per use. Keys come from
the caller alone: ``jwk``, ``jku``, ``x5u`` and ``x5c`` in a header are never looked at, so nothing here can be made to
fetch. Whatever is wrong, the one exception is ``JoseError``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc.jws import JWSRegistry

from oauth_server.jose.algorithms import ALGORITHMS
from oauth_server.jose.encoding import decode, parse_object
from oauth_server.jose.errors import ExpiredError, JoseError
from oauth_server.jose.key_sets import KeySet, VerificationKey

__all__ = ["ExpiredError", "JoseError", "KeySet", "Unverified", "Verified", "check_times", "inspect", "verify"]

OCTETS: Final = 32_768
_HEADER_OCTETS: Final = 8_192
_SIGNATURE_OCTETS: Final = 1_024
# Parameters that change how the rest must be read. We implement none of them (RFC 7515 §4.1.11, RFC 7797, RFC 7516).
_REFUSED_HEADERS: Final = ("crit", "b64", "zip", "enc")
_TEXT_HEADERS: Final = ("alg", "typ", "cty", "kid")
_TEXT_CLAIMS: Final = ("iss", "sub", "jti", "client_id", "azp", "nonce", "sid")
_TIME_CLAIMS: Final = ("exp", "nbf", "iat")
# The year 9999: beyond it datetime ends, and 1e308 is a way to say never.
_LAST_SECOND: Final = 253_402_300_799
# A JWT without an explicit type, or with the general one (RFC 7519 §5.1).
PLAIN: Final = frozenset({"", "jwt"})


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a JWT says, before anybody checked who says it. Good for finding the keys, for nothing else."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    message: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"Unverified(alg={self.header.get('alg')!r})"


@dataclass(frozen=True, slots=True)
class Verified:
    """What the owner of one of the given keys said."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Verified(alg={self.header.get('alg')!r})"


def _check_header(header: Mapping[str, Any]) -> None:
    for name in _REFUSED_HEADERS:
        if name in header:
            raise JoseError(f"The header parameter {name} is not supported.")
    for name in _TEXT_HEADERS:
        if not isinstance(header.get(name, ""), str):
            raise JoseError(f"The header parameter {name} is not text.")
    if not header.get("alg"):
        raise JoseError("The header names no algorithm.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_claims(claims: Mapping[str, Any]) -> None:
    """The types of RFC 7519 §4.1: a list where one issuer belongs would be matched by membership somewhere."""
    for name in _TEXT_CLAIMS:
        if not isinstance(claims.get(name, ""), str):
            raise JoseError(f"The claim {name} is not text.")
    for name in _TIME_CLAIMS:
        value = claims.get(name, 0)
        if not _is_number(value) or not 0 <= value <= _LAST_SECOND:
            raise JoseError(f"The claim {name} is no point in time.")
    audience = claims.get("aud", "")
    if not isinstance(audience, str) and not (
        isinstance(audience, list) and audience and all(isinstance(item, str) for item in audience)
    ):
        raise JoseError("The claim aud is neither text nor a list of texts.")


def inspect(token: str, *, limit: int = OCTETS) -> Unverified:
    """Take a JWT in compact serialization apart, without believing it.

    Args:
        token: as received.
        limit: the longest token that is looked at, in octets.

    Raises:
        JoseError: it is not exactly one JWS of the one spelling that we read, or a registered header parameter or claim
            has the wrong type.
    """
    if not isinstance(token, str) or len(token) > limit:
        raise JoseError("The token is too long.")
    if token.count(".") != 2:
        raise JoseError("The token does not have three parts.")
    first, second, third = token.split(".")
    if not first or not second or not third:
        raise JoseError("A part of the token is empty.")
    if len(first) > _HEADER_OCTETS or len(third) > 2 * _SIGNATURE_OCTETS:
        raise JoseError("The token's header or signature is too long.")
    header = parse_object(decode(first))
    _check_header(header)
    signature = decode(third)
    claims = parse_object(decode(second))
    _check_claims(claims)
    return Unverified(header, claims, f"{first}.{second}".encode("ascii"), signature)


def _check_type(typ: Any, allowed: frozenset[str]) -> None:
    """RFC 7515 §4.1.9: media types compare without case, and ``application/`` may be left out."""
    name = str(typ).lower().removeprefix("application/")
    if name not in {value.lower() for value in allowed}:
        raise JoseError("The token's type is not the one for this use.")


def _signed_by(key: VerificationKey, alg: str, seen: Unverified) -> bool:
    octets = ALGORITHMS[alg].octets
    if octets and len(seen.signature) != octets:
        return False
    try:
        return bool(JWSRegistry.algorithms[alg].verify(seen.message, seen.signature, key.key))
    except Exception:  # whatever a library makes of a hostile signature, it did not verify
        return False


def verify(
    token: str, keys: KeySet, *, algorithms: frozenset[str], typ: frozenset[str] | None = None, limit: int = OCTETS
) -> Verified:
    """What a JWT says, if one of ``keys`` signed it.

    Times, issuer and audience are the caller's to judge: see ``check_times``.

    Args:
        token: as received.
        keys: the only keys that are tried.
        algorithms: the only algorithms that are accepted for this use (RFC 8725 §3.1).
        typ: the explicit types that are accepted (RFC 8725 §3.11), without case and ``application/``; ``""`` stands for
            an absent one. ``None`` means a plain JWT: absent or ``JWT``, so that a token of a special type is never
            taken for another.
        limit: the longest token that is looked at, in octets.

    Raises:
        JoseError: anything at all is wrong with it.
    """
    seen = inspect(token, limit=limit)
    alg = seen.header["alg"]
    if alg not in algorithms or alg not in ALGORITHMS:
        raise JoseError("The token's algorithm is not accepted here.")
    _check_type(seen.header.get("typ", ""), PLAIN if typ is None else typ)
    candidates = keys.candidates(alg, seen.header.get("kid"))
    if not candidates:
        raise JoseError("No known key fits the token.")
    if not any(_signed_by(key, alg, seen) for key in candidates):
        raise JoseError("The token's signature does not verify.")
    return Verified(seen.header, seen.claims)


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if not _is_number(value) or not math.isfinite(value):
        raise JoseError(f"The claim {name} is no point in time.")
    return float(value)


def check_times(
    claims: Mapping[str, Any], now: datetime, skew: int, *, require_exp: bool = True, max_age: int | None = None
) -> None:
    """Whether a JWT is in force (RFC 7519 §4.1.4 to §4.1.6).

    Args:
        claims: of a verified token.
        now: aware.
        skew: seconds that the other side's clock may be off.
        require_exp: refuse a token without an end.
        max_age: seconds; refuse a token that ends later than this from now, or began longer ago than this.

    Raises:
        ExpiredError: it was good once.
        JoseError: it is not yet valid, has no end, or lives too long.
    """
    at = now.timestamp()
    exp, nbf, iat = (_seconds(claims, name) for name in ("exp", "nbf", "iat"))
    if exp is None:
        if require_exp:
            raise JoseError("The token has no exp.")
    elif at >= exp + skew:
        raise ExpiredError("The token has expired.")
    if any(start is not None and start > at + skew for start in (nbf, iat)):
        raise JoseError("The token is not valid yet.")
    if max_age is None:
        return
    if exp is not None and exp > at + max_age + skew:
        raise JoseError("The token would live too long.")
    if any(start is not None and start < at - max_age - skew for start in (nbf, iat)):
        raise JoseError("The token is too old.")
