"""RFC 7516, RFC 7518 §4 and §5: JWE in and out, against jwcrypto."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwcrypto.jwk import JWK

from oauth_server.jose import decrypt as inward
from oauth_server.jose import encrypt as outward
from oauth_server.jose.algorithms import CONTENT_ENCRYPTION, DECRYPTION, DIRECT, KEY_MANAGEMENT
from oauth_server.jose.errors import JoseError
from oauth_server.jose.generate import generate
from tests.support.jwe import opened, seal, secret_jwk
from tests.support.keys import b64, public_jwk

SIGNED = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJjIn0.c2lnbmF0dXJl"
SECRET = "a secret of a client, long enough"
RSA = rsa.generate_private_key(65537, 2048)
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
EC = {name: ec.generate_private_key(curve) for name, curve in CURVES.items()}
OURS = {alg: generate(alg) for alg in DECRYPTION}
KEYS = tuple(inward.private_key(pair.kid, alg, pair.private) for alg, pair in OURS.items())

PAIRS = [(alg, enc) for alg in KEY_MANAGEMENT for enc in CONTENT_ENCRYPTION]


def core_10_2(secret: str, enc: str) -> bytes:
    """OpenID Connect Core §10.2, from its text: the left part of SHA-256, SHA-384 or SHA-512, by the key's size."""
    bits = {"A128CBC-HS256": 256, "A192CBC-HS384": 384, "A256CBC-HS512": 512, "A128GCM": 128, "A192GCM": 192, "A256GCM": 256}[enc]  # fmt: skip
    digest = "sha256" if bits <= 256 else "sha384" if bits <= 384 else "sha512"
    return hashlib.new(digest, secret.encode()).digest()[: bits // 8]


def choose(alg: str, *jwks: dict[str, Any]) -> outward.EncryptionKey | None:
    return outward.EncryptionKeySet.from_jwks({"keys": list(jwks)}).choose(alg)


def to_rsa(alg: str, enc: str) -> tuple[outward.EncryptionKey, JWK]:
    key = choose(alg, public_jwk(RSA, kid="r", use="enc"))
    assert key is not None
    return key, JWK.from_pyca(RSA)


@pytest.mark.parametrize(("alg", "enc"), PAIRS)
def test_another_library_opens_what_we_encrypt(alg: str, enc: str) -> None:
    """RFC 7516 §5.1, with every alg and enc; RFC 7519 §5.2: the header says that a JWT is inside."""
    kty = KEY_MANAGEMENT[alg].kty
    pairs: list[tuple[outward.EncryptionKey | None, JWK]] = {
        "RSA": [(choose(alg, public_jwk(RSA, kid="r", use="enc")), JWK.from_pyca(RSA))],
        "EC": [(choose(alg, public_jwk(key, kid="e", use="enc")), JWK.from_pyca(key)) for key in EC.values()],
        "oct": [(outward.secret_key(SECRET, enc), secret_jwk(core_10_2(SECRET, enc)))],
    }[kty]
    for key, theirs in pairs:
        assert key is not None
        header, text = opened(outward.encrypt(SIGNED, key, alg, enc, nested=True), theirs)
        assert text == SIGNED
        assert (header["alg"], header["enc"], header["cty"]) == (alg, enc, "JWT")
        assert header.get("kid", "") == key.kid


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTION)
@pytest.mark.parametrize("alg", [*DECRYPTION, DIRECT])
def test_we_open_what_another_library_encrypts(alg: str, enc: str) -> None:
    """RFC 7516 §5.2: by name, and without one."""
    if alg == DIRECT:
        theirs: Any = secret_jwk(core_10_2(SECRET, enc))
        keys: Any = (*KEYS, inward.secret_key("a former one"), inward.secret_key(SECRET))
        names: list[dict[str, str]] = [{}, {"kid": "whatever"}]
    else:
        theirs, keys, names = OURS[alg].public, KEYS, [{}, {"kid": OURS[alg].kid}]
    for name in names:
        for extra in ({}, {"cty": "JWT"}, {"cty": "jwt", "typ": "JWT"}, {"cty": "application/jwt", "x5t": "unknown"}):
            assert inward.decrypt(seal(SIGNED, theirs, alg, enc, **name, **extra), keys) == SIGNED


def test_agreement_information_is_part_of_the_key() -> None:
    """RFC 7518 §4.6.2: apu and apv go into the derivation."""
    token = seal(SIGNED, OURS["ECDH-ES"].public, "ECDH-ES", apu=b64(b"Alice"), apv=b64(b"Bob"))
    assert inward.decrypt(token, KEYS) == SIGNED


def test_each_of_our_keys_is_for_one_algorithm() -> None:
    """RFC 8725 §3.1: another alg by the same key is refused, though the key could."""
    for alg, key in (("RSA-OAEP", "RSA-OAEP-256"), ("ECDH-ES+A128KW", "ECDH-ES"), ("ECDH-ES+A256KW", "ECDH-ES")):
        with pytest.raises(JoseError, match="No known key"):
            inward.decrypt(seal(SIGNED, OURS[key].public, alg), KEYS)


def test_the_newest_of_two_keys_and_the_one_before_it_both_open() -> None:
    """OpenID Connect Core §10.2.1: what was encrypted before a rotation still opens."""
    former = generate("RSA-OAEP-256")
    keys = (*KEYS, inward.private_key(former.kid, former.alg, former.private))
    for pair in (former, OURS["RSA-OAEP-256"]):
        assert inward.decrypt(seal(SIGNED, pair.public, pair.alg), keys) == SIGNED
        assert inward.decrypt(seal(SIGNED, pair.public, pair.alg, kid=pair.kid), keys) == SIGNED
    with pytest.raises(JoseError):
        inward.decrypt(seal(SIGNED, former.public, former.alg, kid=former.kid), KEYS)


# Which key of a client's set (RFC 7517 §4.2 to §4.4, OpenID Connect Registration §2).

SIG = public_jwk(RSA, kid="sig", use="sig")
MEANT = public_jwk(RSA, kid="meant", use="enc")
SAYS_NOTHING = public_jwk(RSA, kid="says-nothing")
FOR_ALG = public_jwk(RSA, kid="for-alg", use="enc", alg="RSA-OAEP-256")
FOR_OTHER = public_jwk(RSA, kid="for-other", use="enc", alg="RSA-OAEP")
FOR_SIGNATURES = public_jwk(RSA, kid="rs256", alg="RS256")
WRAPS = public_jwk(RSA, kid="wraps", key_ops=["wrapKey"])
VERIFIES = public_jwk(RSA, kid="verifies", key_ops=["verify"])
ELLIPTIC = public_jwk(EC["P-256"], kid="elliptic", use="enc")
WEAK = public_jwk(rsa.generate_private_key(65537, 1024), kid="weak", use="enc")  # noqa: S505  # weak on purpose
OFF_CURVE = {"kty": "EC", "crv": "P-256", "x": b64(b"\1" * 32), "y": b64(b"\1" * 32), "use": "enc"}

CHOICES = [
    ([SIG, MEANT], "meant"), ([MEANT, SIG], "meant"), ([SAYS_NOTHING, MEANT], "meant"), ([SIG, SAYS_NOTHING], "says-nothing"),
    ([MEANT, FOR_ALG], "for-alg"), ([FOR_OTHER, MEANT], "meant"), ([FOR_OTHER], None), ([FOR_SIGNATURES], None), ([SIG], None),
    ([WRAPS], "wraps"), ([VERIFIES], None), ([ELLIPTIC, MEANT], "meant"), ([ELLIPTIC], None), ([WEAK], None), ([], None),
    ([{"kty": "oct", "k": b64(b"k" * 32), "use": "enc"}], None), (["text", None, 1, MEANT], "meant"),
]  # fmt: skip


@pytest.mark.parametrize(("jwks", "kid"), CHOICES)
def test_the_key_is_the_one_that_its_owner_means(jwks: list[Any], kid: str | None) -> None:
    """A key for signatures is never encrypted to; one that says it is for this goes before one that says nothing."""
    key = choose("RSA-OAEP-256", *jwks)
    assert (key and key.kid) == kid


def test_impossible_keys_are_passed_over() -> None:
    """RFC 7518 §6.2.1: a point that is not on its curve; a curve that is not for this."""
    assert choose("ECDH-ES", OFF_CURVE) is None
    assert choose("ECDH-ES", {"kty": "OKP", "crv": "Ed25519", "x": b64(b"\1" * 32), "use": "enc"}) is None


@pytest.mark.parametrize("document", [None, [], {}, {"keys": "x"}, {"keys": {"a": 1}}])
def test_what_is_no_key_set_is_refused(document: Any) -> None:
    """RFC 7517 §5."""
    with pytest.raises(JoseError):
        outward.EncryptionKeySet.from_jwks(document)


def test_a_key_is_not_used_for_what_it_is_not() -> None:
    """RFC 7517 §4.4; and nothing that is no enc of ours."""
    key, _ = to_rsa("RSA-OAEP-256", "A256GCM")
    for alg, enc in (("ECDH-ES", "A256GCM"), ("RSA1_5", "A256GCM"), ("RSA-OAEP-256", "A256CTR")):
        with pytest.raises(JoseError):
            outward.encrypt(SIGNED, key, alg, enc, nested=True)
    with pytest.raises(JoseError):
        inward.private_key("k", "RSA-OAEP-256", OURS["ECDH-ES"].private)
    with pytest.raises(JoseError):
        inward.private_key("k", "ES256", generate("ES256").private)


def test_json_is_not_called_a_jwt() -> None:
    """RFC 7516 §4.1.12: an answer that is encrypted only has no cty."""
    key, theirs = to_rsa("RSA-OAEP-256", "A256GCM")
    header, text = opened(outward.encrypt('{"sub":"1"}', key, "RSA-OAEP-256", "A256GCM", nested=False), theirs)
    assert "cty" not in header
    assert json.loads(text) == {"sub": "1"}


def test_no_two_messages_share_a_key_or_a_vector() -> None:
    """RFC 7518 §8.4 and §4.6: with `dir` the key is one and the same, so the vector must not be."""
    key, _ = to_rsa("RSA-OAEP-256", "A256GCM")
    for made in (
        [outward.encrypt(SIGNED, key, "RSA-OAEP-256", "A256GCM", nested=True) for _ in range(20)],
        [
            outward.encrypt(SIGNED, outward.secret_key(SECRET, "A256GCM"), DIRECT, "A256GCM", nested=True)
            for _ in range(20)
        ],
    ):
        assert len({token.split(".")[2] for token in made}) == 20
        assert len({token.split(".")[3] for token in made}) == 20


def test_nothing_secret_shows_when_keys_are_printed() -> None:
    """A traceback or a log line repeats no key."""
    for thing in (*KEYS, inward.secret_key(SECRET), outward.secret_key(SECRET, "A256GCM"), *OURS.values()):
        assert SECRET not in repr(thing)
        assert "private=" not in repr(thing)
