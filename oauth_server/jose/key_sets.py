"""The public keys that may have signed something (RFC 7517 §5), each judged before it is believed.

A key set is built once, from a document that was registered, fetched or generated; a token never adds to it.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from oauth_server.jose.algorithms import ALGORITHMS, RSA_BITS, RSA_BITS_AT_MOST
from oauth_server.jose.encoding import decode
from oauth_server.jose.errors import JoseError
from oauth_server.jose.thumbprints import REQUIRED

_IMPORT: Final[dict[str, type[ECKey] | type[OKPKey] | type[RSAKey]]] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}
_CURVES: Final = {(row.kty, row.crv) for row in ALGORITHMS.values() if row.crv}
# A token without a kid costs one verification a key, so their number has an end.
_TRIES: Final = 8
_EXPONENT_AT_MOST: Final = 2**32


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One key that may verify.

    Args:
        kid: its name, empty when it has none.
        kty: its type.
        crv: its curve, empty for RSA and secrets.
        alg: the one algorithm that it is for, empty when its owner did not say.
        key: what verifies.
        octets: the length of a secret, 0 for public keys.
    """

    kid: str
    kty: str
    crv: str
    alg: str
    key: Key
    octets: int = 0

    def __repr__(self) -> str:
        return f"VerificationKey(kid={self.kid!r}, kty={self.kty!r}, alg={self.alg!r})"

    def fits(self, alg: str) -> bool:
        """Whether this key may be used with ``alg`` (RFC 7517 §4.4, RFC 8725 §3.1)."""
        row = ALGORITHMS.get(alg)
        return (
            row is not None
            and self.kty == row.kty
            and self.crv == row.crv
            and self.octets >= row.secret_octets
            and self.alg in {"", alg}
        )


def _refuse_weak_rsa(jwk: Mapping[str, Any]) -> None:
    modulus = int.from_bytes(decode(jwk["n"]), "big")
    exponent = int.from_bytes(decode(jwk["e"]), "big")
    if not RSA_BITS <= modulus.bit_length() <= RSA_BITS_AT_MOST:
        raise JoseError(f"An RSA key must have {RSA_BITS} to {RSA_BITS_AT_MOST} bits (RFC 7518 §3.3).")
    if modulus % 2 == 0 or exponent % 2 == 0 or not 3 <= exponent < _EXPONENT_AT_MOST:
        raise JoseError("An RSA key has an impossible modulus or exponent.")


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name, "")
    if not isinstance(value, str):
        raise JoseError(f"A key's {name} is not text.")
    return value


class PublicKey(NamedTuple):
    """A public key and what its owner says of it, each empty when absent; ``crv`` is empty for RSA too."""

    kid: str
    kty: str
    crv: str
    alg: str
    use: str
    key: Key


def parse_public(
    jwk: Mapping[str, Any], curves: Collection[tuple[str, str]], use: str, operations: frozenset[str]
) -> PublicKey:
    """One public key (RFC 7517 §4), of which only the public members are read.

    Args:
        jwk: as registered or fetched.
        curves: the (``kty``, ``crv``) that serve beside RSA.
        use: what it is wanted for.
        operations: the ``key_ops`` that fit this use, where it names any.

    Raises:
        JoseError: its type or curve is not one of these, a member is missing or malformed, the point is not on its
            curve, the RSA key is weak, or it is for something else.
    """
    if not isinstance(jwk, Mapping):
        raise JoseError("A key is no JSON object.")
    kty, crv, alg, kid, for_use = (_text(jwk, name) for name in ("kty", "crv", "alg", "kid", "use"))
    importer = _IMPORT.get(kty)
    if importer is None or (kty != "RSA" and (kty, crv) not in curves):
        raise JoseError("A key's type or curve is not supported.")
    members: dict[str, str | list[str]] = {name: _text(jwk, name) for name in REQUIRED[kty]}
    if not all(members.values()):
        raise JoseError("A key lacks a member that makes it.")
    named = jwk.get("key_ops")
    if jwk.get("use", use) != use or (named is not None and not _fit(named, operations)):
        raise JoseError("A key is for something else.")
    if kty == "RSA":
        _refuse_weak_rsa(jwk)
        crv = ""
    try:
        key = importer.import_key(members)
        # joserfc builds the key at its first use; an impossible point must be found here.
        _ = key.public_key
    except JoseError:
        raise
    except Exception:  # three libraries judge these members, each with errors of its own
        raise JoseError("A key's members make no key.") from None
    return PublicKey(kid, kty, crv, alg, for_use, key)


def _fit(named: Any, operations: frozenset[str]) -> bool:
    return isinstance(named, list) and any(isinstance(name, str) and name in operations for name in named)


def rows_of(document: Mapping[str, Any]) -> Sequence[Any]:
    """What a JWK Set lists (RFC 7517 §5).

    Raises:
        JoseError: the document is no JWK Set.
    """
    rows = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(rows, Sequence) or isinstance(rows, str | bytes):
        raise JoseError("This is not a JWK Set.")
    return rows


def parse_key(jwk: Mapping[str, Any]) -> VerificationKey:
    """One key that verifies signatures.

    Raises:
        JoseError: see ``parse_public``.
    """
    found = parse_public(jwk, _CURVES, "sig", frozenset({"verify"}))
    return VerificationKey(found.kid, found.kty, found.crv, found.alg, found.key)


class KeySet:
    """Keys, and which of them may have made a signature."""

    __slots__ = ("keys",)

    def __init__(self, keys: Iterable[VerificationKey]) -> None:
        self.keys = tuple(keys)

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        return f"KeySet({list(self.keys)!r})"

    @classmethod
    def from_jwks(cls, document: Mapping[str, Any]) -> KeySet:
        """The usable keys of a JWK Set; a key that we cannot use is passed over (RFC 7517 §5).

        Raises:
            JoseError: the document is no JWK Set.
        """
        keys = []
        for row in rows_of(document):
            try:
                keys.append(parse_key(row))
            except JoseError:
                continue
        return cls(keys)

    @classmethod
    def from_secret(cls, *secrets: str) -> KeySet:
        """Client secrets as HMAC keys: their UTF-8 octets (OpenID Connect Core §10.1). Empty ones are passed over."""
        keys = []
        for secret in secrets:
            octets = secret.encode("utf-8", "surrogatepass")
            if octets:
                with warnings.catch_warnings():
                    # Length is judged per algorithm in `fits`; joserfc's warning about it would be a second opinion.
                    warnings.simplefilter("ignore")
                    keys.append(VerificationKey("", "oct", "", "", OctKey.import_key(octets), len(octets)))
        return cls(keys)

    def candidates(self, alg: str, kid: str | None) -> tuple[VerificationKey, ...]:
        """The keys that may have signed with ``alg``: those of that name, else those without a name.

        A token without a ``kid`` is tried with every fitting key, up to a limit (OpenID Connect Core §10.1).
        """
        fitting = [key for key in self.keys if key.fits(alg)]
        if kid is not None:
            fitting = [key for key in fitting if key.kid == kid] or [key for key in fitting if not key.kid]
        return tuple(fitting[:_TRIES])
