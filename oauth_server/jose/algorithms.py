"""What is allowed for which use (RFC 7518 §3.1, RFC 8037 §3.1, RFC 8725 §3.1, RFC 9864 §2.2). Tables, not branches.

``none`` has no row and so exists nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One signature algorithm.

    Args:
        name: the ``alg`` value.
        kty: the key type that it works with.
        crv: its curve, for elliptic keys.
        digest: the hash whose left half makes ``at_hash`` and ``c_hash`` (OpenID Connect Core §3.1.3.6).
        octets: the exact length of a signature; 0 where it follows from the key.
        secret_octets: the shortest HMAC key (RFC 7518 §3.2).
    """

    name: str
    kty: Literal["EC", "RSA", "OKP", "oct"]
    crv: str
    digest: Literal["sha256", "sha384", "sha512"]
    octets: int = 0
    secret_octets: int = 0


_ROWS: Final = (
    Algorithm("ES256", "EC", "P-256", "sha256", octets=64),
    Algorithm("ES384", "EC", "P-384", "sha384", octets=96),
    Algorithm("ES512", "EC", "P-521", "sha512", octets=132),
    # RFC 9864 §2.2: the name that says the curve too, and the old one, which nearly everybody still uses.
    Algorithm("Ed25519", "OKP", "Ed25519", "sha512", octets=64),
    Algorithm("EdDSA", "OKP", "Ed25519", "sha512", octets=64),
    Algorithm("PS256", "RSA", "", "sha256"),
    Algorithm("PS384", "RSA", "", "sha384"),
    Algorithm("PS512", "RSA", "", "sha512"),
    Algorithm("RS256", "RSA", "", "sha256"),
    Algorithm("RS384", "RSA", "", "sha384"),
    Algorithm("RS512", "RSA", "", "sha512"),
    Algorithm("HS256", "oct", "", "sha256", octets=32, secret_octets=32),
    Algorithm("HS384", "oct", "", "sha384", octets=48, secret_octets=48),
    Algorithm("HS512", "oct", "", "sha512", octets=64, secret_octets=64),
)

ALGORITHMS: Final[dict[str, Algorithm]] = {row.name: row for row in _ROWS}

# What we sign with, each by a key of its own. The first is the default of access tokens.
SIGNING: Final[tuple[str, ...]] = ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")

# RFC 9068 §2.1 forbids none; HMAC would let every resource server that verifies also forge.
ACCESS_TOKEN: Final[frozenset[str]] = frozenset(SIGNING)

SYMMETRIC: Final[frozenset[str]] = frozenset(row.name for row in _ROWS if row.kty == "oct")
ASYMMETRIC: Final[frozenset[str]] = frozenset(ALGORITHMS) - SYMMETRIC

# ID tokens may also be keyed with the client secret (OpenID Connect Core §10.1).
ID_TOKEN: Final[frozenset[str]] = frozenset(SIGNING) | SYMMETRIC

# What clients may sign for us. The two families never mix in one use: a public key must never serve as an HMAC secret.
PRIVATE_KEY_JWT: Final[frozenset[str]] = ASYMMETRIC
CLIENT_SECRET_JWT: Final[frozenset[str]] = SYMMETRIC
REQUEST_OBJECT: Final[frozenset[str]] = ASYMMETRIC

RSA_BITS: Final = 2048
# A verifier pays for a large modulus, so the other side's wish for one has an end.
RSA_BITS_AT_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class KeyManagement:
    """One ``alg`` of a JWE (RFC 7518 §4.1).

    Args:
        name: the ``alg`` value.
        kty: the key type that it works with.
        is_direct: whether the content key is agreed upon or shared, so that no encrypted key travels (RFC 7516 §5.2).
    """

    name: str
    kty: Literal["EC", "RSA", "oct"]
    is_direct: bool = False


@dataclass(frozen=True, slots=True)
class ContentEncryption:
    """One ``enc`` of a JWE (RFC 7518 §5.1).

    Args:
        name: the ``enc`` value.
        key_octets: of its key, both halves of it for CBC with HMAC.
        iv_octets: the exact length of an initialization vector.
        tag_octets: the exact length of a tag.
        block_octets: a ciphertext is a multiple of it.
        digest: the hash that makes a key of a client secret (OpenID Connect Core §10.2).
    """

    name: str
    key_octets: int
    iv_octets: int
    tag_octets: int
    block_octets: int
    digest: Literal["sha256", "sha384", "sha512"]


# RSA1_5 has no row (RFC 8725 §3.2), nor has anything that stretches passwords: their costs are the sender's choice.
_KEY_MANAGEMENT: Final = (
    KeyManagement("RSA-OAEP-256", "RSA"),
    # SHA-1 does OAEP no harm, and several libraries know no other RSA encryption but this one and RSA1_5.
    KeyManagement("RSA-OAEP", "RSA"),
    KeyManagement("ECDH-ES", "EC", is_direct=True),
    KeyManagement("ECDH-ES+A128KW", "EC"),
    KeyManagement("ECDH-ES+A256KW", "EC"),
    KeyManagement("dir", "oct", is_direct=True),
)
_CONTENT_ENCRYPTION: Final = (
    ContentEncryption("A128CBC-HS256", 32, 16, 16, 16, "sha256"),
    ContentEncryption("A192CBC-HS384", 48, 16, 24, 16, "sha384"),
    ContentEncryption("A256CBC-HS512", 64, 16, 32, 16, "sha512"),
    ContentEncryption("A128GCM", 16, 12, 16, 1, "sha256"),
    ContentEncryption("A192GCM", 24, 12, 16, 1, "sha256"),
    ContentEncryption("A256GCM", 32, 12, 16, 1, "sha256"),
)
KEY_MANAGEMENT: Final[dict[str, KeyManagement]] = {row.name: row for row in _KEY_MANAGEMENT}
CONTENT_ENCRYPTION: Final[dict[str, ContentEncryption]] = {row.name: row for row in _CONTENT_ENCRYPTION}

# Keyed with the client secret (OpenID Connect Core §10.2).
DIRECT: Final = "dir"
# What we decrypt, each with a key of its own; beside it, `dir` with a client's secret.
DECRYPTION: Final[tuple[str, ...]] = ("RSA-OAEP-256", "ECDH-ES")
DECRYPTION_CURVE: Final = "P-256"
# OpenID Connect Registration §2: what an `enc` is when a client names only the `alg`.
DEFAULT_CONTENT_ENCRYPTION: Final = "A128CBC-HS256"
