"""Keys and tokens made without our own code: by cryptography and by hand, so that they may be as wrong as they like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def sign(alg: str, key: Any, message: bytes) -> bytes:
    """A signature by ``alg``, made of ``cryptography`` alone."""
    if alg.startswith("HS"):
        return hmac.digest(key, message, f"sha{alg[2:]}")
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(HASHES[alg[2:]])))
        size = (key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if isinstance(key, rsa.RSAPrivateKey):
        digest = HASHES[alg[2:]]
        scheme = padding.PSS(padding.MGF1(digest), digest.digest_size) if alg[0] == "P" else padding.PKCS1v15()
        return key.sign(message, scheme, digest)
    assert isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    return key.sign(message)


def raw_token(header: bytes, payload: bytes, alg: str, key: Any) -> str:
    """A compact JWS over any octets at all."""
    message = f"{b64(header)}.{b64(payload)}"
    return f"{message}.{b64(sign(alg, key, message.encode()))}"


def token(claims: Any, alg: str, key: Any, **header: Any) -> str:
    return raw_token(json.dumps({"alg": alg, **header}).encode(), json.dumps(claims).encode(), alg, key)


def public_jwk(key: Any, **members: Any) -> dict[str, Any]:
    """The public JWK of a private key, by hand (RFC 7518 §6, RFC 8037 §2)."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **members}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        size = (key.key_size + 7) // 8
        crv = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(key.curve.name, key.curve.name)
        return {
            "kty": "EC",
            "crv": crv,
            "x": b64(point.x.to_bytes(size, "big")),
            "y": b64(point.y.to_bytes(size, "big")),
            **members,
        }
    crv = "Ed448" if isinstance(key, ed448.Ed448PrivateKey) else "Ed25519"
    return {"kty": "OKP", "crv": crv, "x": b64(key.public_key().public_bytes_raw()), **members}


def _prime(bits: int) -> int:
    while True:
        candidate = secrets.randbits(bits) | (0b11 << (bits - 2)) | 1
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7)) and candidate % 65537 != 1:
            return candidate


def textbook_rsa(bits: int, e: int) -> tuple[int, int, int]:
    """(n, e, d) of a size that no library makes any more."""
    p, q = _prime(bits // 2), _prime(bits // 2)
    return p * q, e, pow(e, -1, (p - 1) * (q - 1))


def textbook_signature(message: bytes, n: int, d: int) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.1), by hand."""
    size = (n.bit_length() + 7) // 8
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
    padded = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    return pow(int.from_bytes(padded, "big"), d, n).to_bytes(size, "big")
