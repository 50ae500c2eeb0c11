"""Text for one client alone: a JWE in compact serialization (RFC 7516 §7.1, RFC 7518 §4 and §5).

What is encrypted and must also be believed is signed first and nested (RFC 7519 §5.2, OpenID Connect Core §10.2); the
other direction is ``decrypt``. joserfc does the cryptography.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import Key, OctKey

from oauth_server.jose.algorithms import CONTENT_ENCRYPTION, DIRECT, KEY_MANAGEMENT
from oauth_server.jose.errors import JoseError
from oauth_server.jose.key_sets import parse_public, rows_of

_CURVES: Final = frozenset({("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521")})
_OPERATIONS: Final = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """One key to encrypt to.

    Args:
        kid: its name, empty when it has none.
        kty: its type.
        alg: the one algorithm that it is for, empty when its owner did not say.
        is_meant: whether its owner says that it is for encryption; else it says nothing.
        key: what encrypts.
    """

    kid: str
    kty: str
    alg: str
    is_meant: bool
    key: Key

    def __repr__(self) -> str:
        return f"EncryptionKey(kid={self.kid!r}, kty={self.kty!r}, alg={self.alg!r})"

    def fits(self, alg: str) -> bool:
        """Whether this key may be used with ``alg`` (RFC 7517 §4.4)."""
        row = KEY_MANAGEMENT.get(alg)
        return row is not None and self.kty == row.kty and self.alg in {"", alg}


class EncryptionKeySet:
    """The keys of a JWK Set that others may encrypt to."""

    __slots__ = ("keys",)

    def __init__(self, keys: Iterable[EncryptionKey] = ()) -> None:
        self.keys = tuple(keys)

    @classmethod
    def from_jwks(cls, document: Mapping[str, Any]) -> EncryptionKeySet:
        """The usable keys of a JWK Set; a key that we cannot use is passed over (RFC 7517 §5).

        Raises:
            JoseError: the document is no JWK Set.
        """
        keys = []
        for row in rows_of(document):
            try:
                found = parse_public(row, _CURVES, "enc", _OPERATIONS)
            except JoseError:
                continue
            keys.append(EncryptionKey(found.kid, found.kty, found.alg, found.use == "enc", found.key))
        return cls(keys)

    def choose(self, alg: str) -> EncryptionKey | None:
        """The key to encrypt to with ``alg``: one that says it is for that before one that says nothing."""
        fitting = [key for key in self.keys if key.fits(alg)]
        return max(fitting, key=lambda key: (key.is_meant, bool(key.alg)), default=None)


def shared_key(secret: str, enc: str) -> bytes:
    """The key that a client and we derive from its secret for ``dir`` (OpenID Connect Core §10.2)."""
    row = CONTENT_ENCRYPTION[enc]
    return hashlib.new(row.digest, secret.encode("utf-8")).digest()[: row.key_octets]


def secret_key(secret: str, enc: str) -> EncryptionKey:
    """What encrypts with ``dir`` and this ``enc`` to whoever knows the secret."""
    return EncryptionKey("", "oct", DIRECT, is_meant=True, key=OctKey.import_key(shared_key(secret, enc)))


@lru_cache(maxsize=64)
def registry(alg: str, enc: str) -> JWERegistry:
    """joserfc, held to one ``alg`` and one ``enc``. Header parameters that it does not know are no reason to refuse."""
    return JWERegistry(algorithms=(alg, enc), strict_check_header=False)


def encrypt(
    text: str,
    key: EncryptionKey,
    alg: str,
    enc: str,
    *,
    nested: bool,
    extra_header: Mapping[str, str] | None = None,
) -> str:
    """``text`` as a JWE.

    Args:
        text: a JWS in compact serialization, or JSON.
        key: to whom.
        alg: how the content key reaches them.
        enc: how the content is encrypted.
        nested: whether ``text`` is a JWT itself, which the header then says (RFC 7519 §5.2).
        extra_header: further header parameters.

    Raises:
        JoseError: the key is not for this ``alg``, or there is no such ``enc``.
    """
    if not key.fits(alg) or enc not in CONTENT_ENCRYPTION:
        raise JoseError("The key does not fit the algorithm.")
    header: dict[str, Any] = {**(extra_header or {}), "alg": alg, "enc": enc, "typ": "JWT"}
    if nested:
        header["cty"] = "JWT"
    if key.kid:
        header["kid"] = key.kid
    return encrypt_compact(header, text, key.key, registry=registry(alg, enc))
