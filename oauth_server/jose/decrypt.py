"""The strict front door for a JWE that comes from outside (RFC 7516 §5.2, RFC 8725).

The same shape as ``verify``: first a pre-parser that reads one spelling only, then joserfc with one algorithm. Nothing is
decompressed, no password is stretched. Encryption proves nothing about who sent it, since our public keys are public; so what
comes out must be a JWS, and the caller verifies it. Once a key is in use there is one refusal, so that a tampered token tells
nothing about which part was wrong (RFC 7516 §11.5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc.jwe import decrypt_compact
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from oauth_server.jose.algorithms import CONTENT_ENCRYPTION, DECRYPTION, DECRYPTION_CURVE, DIRECT, KEY_MANAGEMENT
from oauth_server.jose.encoding import decode, parse_object
from oauth_server.jose.encrypt import registry, shared_key
from oauth_server.jose.errors import JoseError
from oauth_server.jose.verify import OCTETS

# joserfc's own bound; a key, an ephemeral key and a name take a third of it.
_HEADER_OCTETS: Final = 1_024
_ENCRYPTED_KEY_OCTETS: Final = 1_024
# How many keys a token without a kid is tried with.
_TRIES: Final = 4
# What changes how the rest is read (RFC 7516 §4.1.3, §4.1.13), and the parameters of password-based encryption.
_REFUSED_HEADERS: Final = ("crit", "zip", "b64", "p2s", "p2c")
_TEXT_HEADERS: Final = ("alg", "enc", "typ", "cty", "kid", "apu", "apv")
_COORDINATE_OCTETS: Final = {"P-256": 32}
# A JWS in compact serialization: `verify` judges the rest.
_SIGNED: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_REFUSAL: Final = "The token does not decrypt."


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """One key that may decrypt.

    Args:
        kid: its name, empty for a client's secret.
        alg: the only ``alg`` that it is for (RFC 8725 §3.1).
        key_for: the key, given the ``enc``.
    """

    kid: str
    alg: str
    key_for: Callable[[str], Key]

    def __repr__(self) -> str:
        return f"DecryptionKey(kid={self.kid!r}, alg={self.alg!r})"


def private_key(kid: str, alg: str, der: bytes) -> DecryptionKey:
    """A private key of ours, PKCS #8 in DER.

    Raises:
        JoseError: the key does not fit the algorithm.
        ValueError: ``der`` is no private key.
    """
    # As in ``sign``: our own key, wrapped with authentication.
    loaded = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    kty = KEY_MANAGEMENT[alg].kty if alg in DECRYPTION else ""
    if isinstance(loaded, RSAPrivateKey) and kty == "RSA":
        key: Key = RSAKey.import_key(loaded)
    elif isinstance(loaded, EllipticCurvePrivateKey) and kty == "EC":
        key = ECKey.import_key(loaded)
    else:
        raise JoseError("The key does not fit the algorithm.")
    return DecryptionKey(kid, alg, lambda _: key)


def secret_key(secret: str) -> DecryptionKey:
    """A client secret, for ``dir`` (OpenID Connect Core §10.2)."""
    return DecryptionKey("", DIRECT, lambda enc: OctKey.import_key(shared_key(secret, enc)))


class _Parts(NamedTuple):
    header: Mapping[str, Any]
    alg: str
    enc: str


def is_encrypted(token: str) -> bool:
    """Whether ``token`` has the five parts of a JWE in compact serialization (RFC 7516 §9)."""
    return token.count(".") == 4


def _check_header(header: Mapping[str, Any], typ: frozenset[str]) -> None:
    for name in _REFUSED_HEADERS:
        if name in header:
            raise JoseError(f"The header parameter {name} is not supported.")
    for name in _TEXT_HEADERS:
        if not isinstance(header.get(name, ""), str):
            raise JoseError(f"The header parameter {name} is not text.")
    if str(header.get("typ", "")).lower().removeprefix("application/") not in typ:
        raise JoseError("The token's type is not the one for this use.")
    # RFC 7519 §5.2 asks for it; that a JWT is inside is checked where it matters, once it is open.
    if str(header.get("cty", "JWT")).lower().removeprefix("application/") != "jwt":
        raise JoseError("The token is said to hold something other than a JWT.")
    for name in ("apu", "apv"):
        decode(header.get(name, ""))


def _check_ephemeral_key(epk: Any) -> None:
    """RFC 7518 §4.6.1.1: a public key on our curve; that its point is on it, cryptography checks."""
    if not isinstance(epk, Mapping) or epk.get("kty") != "EC" or epk.get("crv") != DECRYPTION_CURVE or "d" in epk:
        raise JoseError("The ephemeral key is not a public key on our curve.")
    for name in ("x", "y"):
        value = epk.get(name)
        if not isinstance(value, str) or len(decode(value)) != _COORDINATE_OCTETS[DECRYPTION_CURVE]:
            raise JoseError("The ephemeral key is malformed.")


def _take_apart(token: str, limit: int, typ: frozenset[str]) -> _Parts:
    if not isinstance(token, str) or len(token) > limit:
        raise JoseError("The token is too long.")
    if not is_encrypted(token):
        raise JoseError("The token does not have five parts.")
    first, second, third, fourth, fifth = token.split(".")
    if len(first) > _HEADER_OCTETS or len(second) > _ENCRYPTED_KEY_OCTETS:
        raise JoseError("The token's header or encrypted key is too long.")
    header = parse_object(decode(first))
    _check_header(header, typ)
    row = KEY_MANAGEMENT.get(header.get("alg", ""))
    content = CONTENT_ENCRYPTION.get(header.get("enc", ""))
    if row is None or content is None:
        raise JoseError("The token's algorithm is not accepted here.")
    encrypted_key, iv, ciphertext, tag = (decode(part) for part in (second, third, fourth, fifth))
    if row.is_direct == bool(encrypted_key):
        raise JoseError("The token has an encrypted key that it must not have, or lacks one.")
    if len(iv) != content.iv_octets or len(tag) != content.tag_octets:
        raise JoseError("The token's initialization vector or tag has the wrong length.")
    if not ciphertext or len(ciphertext) % content.block_octets:
        raise JoseError("The token's ciphertext has the wrong length.")
    if row.kty == "EC":
        _check_ephemeral_key(header.get("epk"))
    return _Parts(header, row.name, content.name)


def _open(token: str, key: DecryptionKey, parts: _Parts) -> bytes | None:
    try:
        found = decrypt_compact(token, key.key_for(parts.enc), registry=registry(parts.alg, parts.enc))
    except Exception:  # whatever a library makes of a hostile token, it did not open
        return None
    return found.plaintext


def decrypt(
    token: str, keys: Sequence[DecryptionKey], *, typ: frozenset[str] = frozenset({"", "jwt"}), limit: int = OCTETS
) -> str:
    """The JWS that was encrypted to one of ``keys``; nobody has verified it yet.

    Args:
        token: as received.
        keys: the only keys that are tried.
        typ: the explicit types that are accepted, in lower case, without ``application/``; ``""`` stands for an absent one.
        limit: the longest token that is looked at, in octets.

    Raises:
        JoseError: anything at all is wrong with it, also that no JWS is inside.
    """
    parts = _take_apart(token, limit, typ)
    kid = parts.header.get("kid")
    # A secret has no name, whatever its client calls it.
    fitting = [key for key in keys if key.alg == parts.alg and (kid is None or key.kid in {"", kid})]
    if not fitting:
        raise JoseError("No known key fits the token.")
    opened = [octets for key in fitting[:_TRIES] if (octets := _open(token, key, parts)) is not None]
    if not opened:
        raise JoseError(_REFUSAL)
    # JSON that nobody signed would be anybody's word.
    text = opened[0].decode("ascii", "replace")
    if not _SIGNED.fullmatch(text):
        raise JoseError("No signed token is inside.")
    return text
