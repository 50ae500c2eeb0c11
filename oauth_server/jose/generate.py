"""New key pairs of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey

from oauth_server.jose.algorithms import ALGORITHMS, DECRYPTION, DECRYPTION_CURVE, KEY_MANAGEMENT, RSA_BITS
from oauth_server.jose.thumbprints import thumbprint


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair that is nobody's yet.

    Args:
        kid: its RFC 7638 thumbprint.
        alg: the only algorithm that it will ever be used with (RFC 8725 §3.1).
        public: the JWK to publish: public members, ``kid``, ``alg`` and ``use``.
        private: PKCS #8, DER, in the clear: wrap it before it goes anywhere.
    """

    kid: str
    alg: str
    public: dict[str, Any]
    private: bytes

    def __repr__(self) -> str:
        return f"KeyPair(kid={self.kid!r}, alg={self.alg!r})"


def _fresh(alg: str) -> ECKey | OKPKey | RSAKey:
    kty, crv = (
        (KEY_MANAGEMENT[alg].kty, DECRYPTION_CURVE) if alg in DECRYPTION else (ALGORITHMS[alg].kty, ALGORITHMS[alg].crv)
    )
    if kty == "RSA":
        return RSAKey.generate_key(RSA_BITS)
    if kty == "EC":
        return ECKey.generate_key(crv)
    if crv == "Ed25519":
        return OKPKey.generate_key("Ed25519")
    raise ValueError(f"{alg} has no key pair.")


def generate(alg: str) -> KeyPair:
    """A new key pair for ``alg``, which signs or, for one of ``DECRYPTION``, decrypts.

    Raises:
        KeyError: the algorithm is unknown.
        ValueError: it is symmetric.
    """
    key = _fresh(alg)
    members = {
        name: value for name, value in key.as_dict(private=False).items() if name in {"kty", "crv", "x", "y", "n", "e"}
    }
    kid = thumbprint(members)
    private = key.private_key
    assert private is not None  # noqa: S101  # a key that was just generated has its private part
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    use = "enc" if alg in DECRYPTION else "sig"
    return KeyPair(kid, alg, {**members, "kid": kid, "alg": alg, "use": use}, der)
