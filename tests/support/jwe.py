"""JWE made and opened by jwcrypto, and by hand where a JWE must be wrong in one way."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from tests.support.keys import b64, public_jwk

# jwcrypto leaves these out of its default list.
EVERY = [
    "RSA-OAEP-256", "RSA-OAEP", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "dir",
    "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM",
]  # fmt: skip


def seal(text: str | bytes, key: dict[str, Any] | JWK, alg: str, enc: str = "A256GCM", **header: Any) -> str:
    """A JWE by jwcrypto, in compact serialization."""
    jwk = key if isinstance(key, JWK) else JWK(**{k: v for k, v in key.items() if k not in {"alg", "use", "key_ops"}})
    protected = json.dumps({"alg": alg, "enc": enc, **header})
    octets = text.encode() if isinstance(text, str) else text
    token = JWE(octets, protected=protected, algs=EVERY)
    token.add_recipient(jwk)
    return str(token.serialize(compact=True))


def opened(token: str, key: JWK) -> tuple[dict[str, Any], str]:
    """The header and the text of a JWE, by jwcrypto."""
    jwe = JWE(algs=EVERY)
    jwe.deserialize(token, key)
    return json.loads(jwe.objects["protected"]), jwe.payload.decode()


def secret_jwk(octets: bytes) -> JWK:
    """A symmetric key."""
    return JWK(kty="oct", k=b64(octets))


def rsa_by_hand(
    header: dict[str, Any] | bytes,
    plaintext: bytes,
    key: rsa.RSAPublicKey,
    *,
    padding: str = "RSA-OAEP-256",
    cek: bytes = b"",
) -> str:
    """A JWE with A256GCM whose header says anything at all, and whose content key reaches an RSA key."""
    schemes = {
        "RSA-OAEP-256": OAEP(MGF1(SHA256()), SHA256(), None),
        "RSA-OAEP": OAEP(MGF1(SHA1()), SHA1(), None),  # noqa: S303  # RFC 7518 §4.3 says SHA-1
        "RSA1_5": PKCS1v15(),
    }
    cek = cek or os.urandom(32)
    return gcm_by_hand(header, plaintext, cek, key.encrypt(cek, schemes[padding]))  # type: ignore[arg-type]


def gcm_by_hand(header: dict[str, Any] | bytes, plaintext: bytes, cek: bytes, encrypted_key: bytes = b"") -> str:
    """A JWE with AES-GCM under a known content key."""
    octets = header if isinstance(header, bytes) else json.dumps(header).encode()
    first = b64(octets)
    iv = os.urandom(12)
    sealed = AESGCM(cek).encrypt(iv, plaintext, first.encode())
    return ".".join((first, b64(encrypted_key), b64(iv), b64(sealed[:-16]), b64(sealed[-16:])))


def _concat_kdf(shared: bytes, header: dict[str, Any]) -> bytes:
    """RFC 7518 §4.6.2, for ECDH-ES and A256GCM: one round."""

    def counted(octets: bytes) -> bytes:
        return len(octets).to_bytes(4, "big") + octets

    parties = (decode(str(header.get(name, ""))) for name in ("apu", "apv"))
    info = counted(b"A256GCM") + b"".join(map(counted, parties)) + (256).to_bytes(4, "big")
    return hashlib.sha256((1).to_bytes(4, "big") + shared + info).digest()


def ec_by_hand(key: ec.EllipticCurvePublicKey, plaintext: bytes, **header: Any) -> str:
    """A JWE with ECDH-ES and A256GCM that opens, but for what ``header`` says.

    ``epk`` may change members of the ephemeral key, also by a function of the honest one; None takes a member away.
    """
    ephemeral = ec.generate_private_key(key.curve)
    own = {**public_jwk(ephemeral), "d": b64(ephemeral.private_numbers().private_value.to_bytes(32, "big"))}
    epk = header.get("epk", {})
    if isinstance(epk, dict):
        said = {name: value(own[name]) if callable(value) else value for name, value in epk.items()}
        honest = {name: value for name, value in own.items() if name != "d"}
        epk = {name: value for name, value in {**honest, **said}.items() if value is not None}
    try:
        cek = _concat_kdf(ephemeral.exchange(ec.ECDH(), key), header)
    except ValueError:  # an apu that is no base64url has no derivation
        cek = bytes(32)
    return gcm_by_hand({"alg": "ECDH-ES", "enc": "A256GCM", **header, "epk": epk}, plaintext, cek)


def decode(text: str) -> bytes:
    """Base64url, leniently."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
