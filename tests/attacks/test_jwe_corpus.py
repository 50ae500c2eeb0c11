"""Hostile JWEs, each wrong in one way (RFC 7516 §11, RFC 8725 §3; the CVEs of JOSE libraries): JoseError, fast, and one refusal."""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import hypothesis
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given
from hypothesis import strategies as st

from oauth_server.jose.decrypt import DecryptionKey, decrypt, private_key, secret_key
from oauth_server.jose.encrypt import shared_key
from oauth_server.jose.errors import JoseError
from oauth_server.jose.generate import generate
from tests.support.jwe import decode, ec_by_hand, gcm_by_hand, rsa_by_hand, seal, secret_jwk
from tests.support.keys import b64, public_jwk

SIGNED = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJjIn0.c2lnbmF0dXJl"
SECRET = "a secret of a client, long enough"
CLAIMS = json.dumps({"iss": "c", "client_id": "c", "redirect_uri": "https://evil.example"})
RSA_PAIR, EC_PAIR = generate("RSA-OAEP-256"), generate("ECDH-ES")
KEYS: tuple[DecryptionKey, ...] = (
    private_key(RSA_PAIR.kid, RSA_PAIR.alg, RSA_PAIR.private),
    private_key(EC_PAIR.kid, EC_PAIR.alg, EC_PAIR.private),
    secret_key(SECRET),
)
_LOADED = load_der_private_key(RSA_PAIR.private, None)
assert isinstance(_LOADED, rsa.RSAPrivateKey)
RSA = _LOADED.public_key()
_LOADED_EC = load_der_private_key(EC_PAIR.private, None)
assert isinstance(_LOADED_EC, ec.EllipticCurvePrivateKey)
EC = _LOADED_EC.public_key()
GOOD_HEADER = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": RSA_PAIR.kid}
DIR = {"alg": "dir", "enc": "A256GCM"}
CEK = shared_key(SECRET, "A256GCM")
# What is said once a key is in use, whatever was wrong.
ONE_REFUSAL = "The token does not decrypt."


def to_ec(enc: str = "A256GCM", **header: Any) -> str:
    return seal(SIGNED, EC_PAIR.public, "ECDH-ES", enc, kid=EC_PAIR.kid, **header)


def to_rsa(enc: str = "A256GCM", **header: Any) -> str:
    return seal(SIGNED, RSA_PAIR.public, "RSA-OAEP-256", enc, kid=RSA_PAIR.kid, **header)


def shared(enc: str) -> str:
    return seal(SIGNED, secret_jwk(shared_key(SECRET, enc)), "dir", enc)


def with_part(token: str, index: int, value: str) -> str:
    parts = token.split(".")
    parts[index] = value
    return ".".join(parts)


def flipped(token: str, index: int, octet: int = 0) -> str:
    """The token with one bit of a part's octets turned."""
    text = token.split(".")[index]
    octets = bytearray(decode(text))
    octets[octet] ^= 1
    return with_part(token, index, b64(bytes(octets)))


def with_epk(**members: Any) -> str:
    """An ECDH-ES token that opens, but for members of its ephemeral key; None takes a member away."""
    return ec_by_hand(EC, SIGNED.encode(), epk=members)


def shapes() -> Iterator[tuple[str, str]]:
    good = to_rsa()
    yield "empty", ""
    yield "four dots", "...."
    yield "a JWS", SIGNED
    yield "four parts", good.rpartition(".")[0]
    yield "six parts", good + ".AA"
    yield "the JSON serialization", json.dumps({"protected": good.split(".")[0], "ciphertext": "AA"})
    for index, name in enumerate(("header", "encrypted key", "vector", "ciphertext", "tag")):
        yield f"no {name}", with_part(good, index, "")
        yield f"{name} is not base64url", with_part(good, index, good.split(".")[index] + "=")
        yield f"{name} has a space", with_part(good, index, " " + good.split(".")[index])
        yield f"{name} is standard base64", with_part(good, index, "ab+/")
        yield f"{name} has stray bits", with_part(good, index, "AB")
        yield f"{name} is not ASCII", with_part(good, index, "é" * 8)
        yield f"{name} is huge", with_part(good, index, "A" * 1_000_000)
    yield "longer than the limit by its text", seal(SIGNED + "A" * 40_000, RSA_PAIR.public, "RSA-OAEP-256")
    yield "a long header", to_rsa(x="A" * 4_000)
    for spelling in ("[]", "null", '"x"', "{", "{}", '{"alg":"dir"}', '{"enc":"A256GCM"}', '{"alg":"dir","alg":"dir","enc":"A256GCM"}',
                     '{"alg":["dir"],"enc":"A256GCM"}', '{"alg":"dir","enc":["A256GCM"]}', '{"alg":null,"enc":null}', '{"alg":"dir","enc":"A256GCM","kid":1}',
                     '{"alg":"dir","enc":"A256GCM","cty":7}', '{"alg":"dir","enc":"A256GCM","a":NaN}', "[" * 400, '{"alg":"dir","enc":"A256GCM","a":1e999}'):  # fmt: skip
        yield f"header {spelling[:60]}", gcm_by_hand(spelling.encode(), SIGNED.encode(), CEK)
    yield "header in UTF-16", gcm_by_hand(json.dumps(DIR).encode("utf-16"), SIGNED.encode(), CEK)


def algorithms() -> Iterator[tuple[str, str]]:
    # RFC 8725 §3.2: RSAES-PKCS1-v1_5, to our own key.
    yield "RSA1_5", rsa_by_hand({**GOOD_HEADER, "alg": "RSA1_5"}, SIGNED.encode(), RSA, padding="RSA1_5")
    yield "RSA1_5 called RSA-OAEP-256", rsa_by_hand(GOOD_HEADER, SIGNED.encode(), RSA, padding="RSA1_5")
    yield "RSA-OAEP", rsa_by_hand({**GOOD_HEADER, "alg": "RSA-OAEP"}, SIGNED.encode(), RSA, padding="RSA-OAEP")
    yield "RSA-OAEP called RSA-OAEP-256", rsa_by_hand(GOOD_HEADER, SIGNED.encode(), RSA, padding="RSA-OAEP")
    for alg in (
        "none",
        "",
        "DIR",
        "Dir",
        " dir",
        "dir\0",
        "A128KW",
        "A256KW",
        "A256GCMKW",
        "RSA-OAEP-512",
        "ECDH-1PU",
        "ES256",
        "HS256",
        "HPKE-0",
    ):
        yield f"alg {alg!r}", gcm_by_hand({**DIR, "alg": alg}, SIGNED.encode(), CEK)
        yield f"alg {alg!r} with a key", gcm_by_hand({**DIR, "alg": alg}, SIGNED.encode(), CEK, b"k" * 40)
    for enc in ("none", "", "a256gcm", "A256CBC", "A128CTR", "XC20P", "A256KW", "dir", "A512GCM"):
        yield f"enc {enc!r}", gcm_by_hand({**DIR, "enc": enc}, SIGNED.encode(), CEK)
    # PBES2: the sender would choose our cost.
    for count in (0, 1_000, 10_000_000, 2**31 - 1, 10**17, -1, "1", None):
        for alg in ("PBES2-HS256+A128KW", "PBES2-HS512+A256KW", "dir"):
            header = {"alg": alg, "enc": "A256GCM", "p2c": count, "p2s": b64(b"salt" * 4)}
            yield f"{alg} p2c {count}", gcm_by_hand(header, SIGNED.encode(), CEK, b"" if alg == "dir" else b"k" * 40)
    # RFC 7516 §4.1.13 and the rest that changes how a token is read.
    for name, value in (("crit", ["exp"]), ("crit", []), ("crit", ["zip"]), ("b64", False), ("b64", True)):
        yield f"{name} {value}", gcm_by_hand({**DIR, name: value}, SIGNED.encode(), CEK)
    for name, octets in (("a bomb", b"A" * 20_000_000), ("an honest token", SIGNED.encode())):
        yield f"zip of {name}", gcm_by_hand({**DIR, "zip": "DEF"}, zlib.compress(octets)[2:-4], CEK)
    yield "zip null", gcm_by_hand({**DIR, "zip": None}, SIGNED.encode(), CEK)


def mismatches() -> Iterator[tuple[str, str]]:
    other = ["A128GCM", "A192GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"]
    for enc in other:
        yield f"enc {enc} over A256GCM", gcm_by_hand({**DIR, "enc": enc}, SIGNED.encode(), CEK)
        yield f"RSA enc {enc} over A256GCM", rsa_by_hand({**GOOD_HEADER, "enc": enc}, SIGNED.encode(), RSA)
    for octets in (0, 1, 16, 24, 31, 33, 64, 100):
        yield f"a content key of {octets} octets", _wrong_cek(octets)
    yield "dir with an encrypted key", gcm_by_hand(DIR, SIGNED.encode(), CEK, b"k" * 32)
    yield "ECDH-ES with an encrypted key", with_part(to_ec(), 1, b64(b"k" * 40))
    yield "RSA without an encrypted key", gcm_by_hand(GOOD_HEADER, SIGNED.encode(), CEK)
    yield "RSA with a short encrypted key", gcm_by_hand(GOOD_HEADER, SIGNED.encode(), CEK, b"k" * 16)
    yield "RSA with zeros", gcm_by_hand(GOOD_HEADER, SIGNED.encode(), CEK, bytes(256))
    yield "RSA with more than the modulus", gcm_by_hand(GOOD_HEADER, SIGNED.encode(), CEK, b"\xff" * 256)
    yield "dir with another secret", gcm_by_hand(DIR, SIGNED.encode(), shared_key("another secret", "A256GCM"))
    yield "dir with no secret", gcm_by_hand(DIR, SIGNED.encode(), shared_key("", "A256GCM"))
    yield "dir with zeros", gcm_by_hand(DIR, SIGNED.encode(), bytes(32))
    yield "dir with the secret itself", gcm_by_hand(DIR, SIGNED.encode(), SECRET.encode()[:32])
    yield "dir with our public key", gcm_by_hand(DIR, SIGNED.encode(), RSA_PAIR.public["n"].encode()[:32])
    yield "dir called RSA", with_part(gcm_by_hand(DIR, SIGNED.encode(), CEK), 0, b64(json.dumps(GOOD_HEADER).encode()))
    yield "RSA by the name of the EC key", seal(SIGNED, RSA_PAIR.public, "RSA-OAEP-256", kid=EC_PAIR.kid)
    yield "RSA by an unknown name", seal(SIGNED, RSA_PAIR.public, "RSA-OAEP-256", kid="unknown")
    stranger = rsa.generate_private_key(65537, 2048)
    yield "RSA to a stranger by our name", seal(SIGNED, public_jwk(stranger), "RSA-OAEP-256", kid=RSA_PAIR.kid)
    yield "RSA to a stranger", seal(SIGNED, public_jwk(stranger), "RSA-OAEP-256")
    foreign = ec.generate_private_key(ec.SECP256R1())
    yield "EC to a stranger", seal(SIGNED, public_jwk(foreign), "ECDH-ES", kid=EC_PAIR.kid)
    wide = ec.generate_private_key(ec.SECP384R1())
    yield "EC on another curve", seal(SIGNED, public_jwk(wide), "ECDH-ES", kid=EC_PAIR.kid)
    for alg in ("ECDH-ES+A128KW", "ECDH-ES+A256KW"):
        yield alg, seal(SIGNED, EC_PAIR.public, alg, kid=EC_PAIR.kid)
    for typ in ("at+jwt", "logout+jwt", "JOSE", "client-authentication+jwt", 1):
        yield f"typ {typ}", gcm_by_hand({**DIR, "typ": typ}, SIGNED.encode(), CEK)
    for cty in ("JWK", "json", "application/json", "JWE", ""):
        yield f"cty {cty!r}", gcm_by_hand({**DIR, "cty": cty}, SIGNED.encode(), CEK)


def _wrong_cek(octets: int) -> str:
    """A content key of the wrong size inside a right OAEP: what is left of it must not be used (RFC 7516 §5.2, step 10)."""
    token = rsa_by_hand(GOOD_HEADER, SIGNED.encode(), RSA)
    return with_part(token, 1, b64(RSA.encrypt(b"k" * octets, OAEP(MGF1(SHA256()), SHA256(), None))))


def ephemeral_keys() -> Iterator[tuple[str, str]]:
    """Invalid curve attacks, and every malformed spelling (RFC 7518 §4.6.1.1)."""
    yield "a point off the curve", with_epk(x=b64(b"\1" * 32), y=b64(b"\1" * 32))
    yield "the point at infinity", with_epk(x=b64(bytes(32)), y=b64(bytes(32)))
    yield "coordinates beyond the field", with_epk(x=b64(b"\xff" * 32), y=b64(b"\xff" * 32))
    for octets in (0, 1, 31, 33, 64, 1_000):
        yield f"x of {octets} octets", with_epk(x=b64(b"\1" * octets))
        yield f"y of {octets} octets", with_epk(y=b64(b"\1" * octets))
    yield "another private key", with_epk(d=b64(b"\1" * 32))
    yield "its own private key", with_epk(d=str)
    for name in ("x", "y"):
        yield f"{name} with a zero before it", with_epk(**{name: lambda own: b64(b"\0" + decode(own))})
    for name in ("kty", "crv", "x", "y"):
        yield f"no {name}", with_epk(**{name: None})
        for value in (1, ["P-256"], {"a": 1}, True, "", "P-384", "OKP", "\0"):
            yield f"{name} is {value!r}", with_epk(**{name: value})
    yield "another curve", with_epk(**public_jwk(ec.generate_private_key(ec.SECP384R1())))
    yield "secp256k1", with_epk(**public_jwk(ec.generate_private_key(ec.SECP256K1())))
    yield "an RSA key", with_epk(**RSA_PAIR.public)
    yield "a symmetric key", with_epk(kty="oct", k=b64(b"k" * 32))
    yield "another good point", with_epk(**public_jwk(ec.generate_private_key(ec.SECP256R1())))
    yield "no epk", gcm_by_hand({"alg": "ECDH-ES", "enc": "A256GCM"}, SIGNED.encode(), CEK)
    for value in ("x", 1, [], [{}], True):
        yield f"epk is {value!r}", ec_by_hand(EC, SIGNED.encode(), epk=value)
    for name in ("apu", "apv"):
        for value in (1, ["a"], "=", "AB", "é", {}):
            yield f"{name} is {value!r}", ec_by_hand(EC, SIGNED.encode(), **{name: value})
        yield f"{name} was added", _with_header(to_ec(), **{name: b64(b"Mallory")})


def _with_header(token: str, **members: Any) -> str:
    header = {**json.loads(decode(token.partition(".")[0])), **members}
    return with_part(token, 0, b64(json.dumps(header).encode()))


def tampered() -> Iterator[tuple[str, str]]:
    makers = {"RSA": to_rsa, "EC": to_ec, "dir": shared}
    for name, make in makers.items():
        for enc in ("A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"):
            token = make(enc)
            for index, part in enumerate(("aad", "encrypted key", "vector", "ciphertext", "tag")):
                if part == "aad":
                    yield f"{name} {enc} header", _with_header(token, x="added")
                elif token.split(".")[index]:
                    yield f"{name} {enc} {part}, first", flipped(token, index)
                    yield f"{name} {enc} {part}, last", flipped(token, index, -1)
            for octets in (0, 1, 4, 8, 12, 15, 17, 64):
                tag = decode(token.split(".")[4])
                if octets != len(tag):
                    yield f"{name} {enc} tag of {octets}", with_part(token, 4, b64((tag * 5)[:octets]))
                yield (
                    f"{name} {enc} vector of {octets}",
                    with_part(token, 2, b64(b"v" * octets if octets != 12 else b"v" * 13)),
                )
            yield f"{name} {enc} shorter", with_part(token, 3, b64(decode(token.split(".")[3])[:-1]))
            yield f"{name} {enc} a block shorter", with_part(token, 3, b64(decode(token.split(".")[3])[:-16]))
            yield f"{name} {enc} another's ciphertext", with_part(token, 3, make(enc).split(".")[3])


def contents() -> Iterator[tuple[str, str]]:
    """CVE-2026-9793: what is inside must be signed; that it was encrypted says nothing about who did it."""
    for name, octets in {
        "JSON": CLAIMS.encode(),
        "JSON in base64url": b64(CLAIMS.encode()).encode(),
        "an unsigned JWT": f"{b64(b'{}')}.{b64(CLAIMS.encode())}.".encode(),
        "an unsigned JWT without its dot": f"{b64(b'{}')}.{b64(CLAIMS.encode())}".encode(),
        "a JWE": to_rsa().encode(),
        "nothing but dots": b"..",
        "nothing": b"x",
        "a JWS and a line": SIGNED.encode() + b"\n",
        "a JWS and JSON": SIGNED.encode() + CLAIMS.encode(),
        "a JWS in quotes": f'"{SIGNED}"'.encode(),
        "octets": os.urandom(100),
        "UTF-16": SIGNED.encode("utf-16"),
        "a JWS in JSON": json.dumps({"payload": SIGNED}).encode(),
    }.items():
        for cty in ({}, {"cty": "JWT"}, {"cty": "json"}):
            yield f"{name} inside, {cty}", rsa_by_hand({**GOOD_HEADER, **cty}, octets, RSA)
            yield f"{name} inside with the secret, {cty}", gcm_by_hand({**DIR, **cty}, octets, CEK)


@cache
def corpus() -> tuple[tuple[str, str], ...]:
    parts = (shapes(), algorithms(), mismatches(), ephemeral_keys(), tampered(), contents())
    return tuple(case for part in parts for case in part)


def refusal(token: str) -> str:
    try:
        decrypt(token, KEYS)
    except JoseError as error:
        return str(error)
    except Exception as error:  # any other exception is the finding
        return f"{type(error).__name__} !"
    return "accepted !"


def test_the_corpus_is_large_and_names_each_case_once() -> None:
    names = [name for name, _ in corpus()]
    assert len(names) >= 400
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_every_hostile_token_is_refused_with_the_one_exception_fast() -> None:
    """RFC 7516 §5.2, §11; RFC 8725 §3: none accepted, none another exception, none over 50 ms."""
    wrong = []
    for name, token in corpus():
        began = time.thread_time()
        said = refusal(token)
        if said.endswith("!"):
            wrong.append(f"{name}: {said}")
        if time.thread_time() - began > 0.05:
            wrong.append(f"{name}: slow")
        if len(token) > 40 and token[:40] in said:
            wrong.append(f"{name}: the refusal repeats the token")
    assert wrong == []


def test_the_same_makers_make_honest_tokens() -> None:
    """The corpus fails for what is wrong with it, not for want of a key."""
    honest = [to_rsa(), to_ec(), rsa_by_hand(GOOD_HEADER, SIGNED.encode(), RSA), gcm_by_hand(DIR, SIGNED.encode(), CEK)]
    honest += [shared(enc) for enc in ("A128GCM", "A256CBC-HS512")]
    honest += [rsa_by_hand({**GOOD_HEADER, "typ": "JWT", "cty": "JWT"}, SIGNED.encode(), RSA), with_epk()]
    for token in honest:
        assert decrypt(token, KEYS) == SIGNED


@pytest.mark.parametrize("enc", ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"])
def test_there_is_no_padding_oracle(enc: str) -> None:
    """RFC 7516 §11.5: a wrong padding of CBC, a wrong tag, a wrong content key and a broken OAEP sound alike."""
    token = to_rsa(enc)
    ciphertext = decode(token.split(".")[3])
    said = {refusal(flipped(token, 3, octet)) for octet in range(len(ciphertext))}
    said |= {
        refusal(flipped(token, 4)),
        refusal(flipped(token, 2)),
        refusal(flipped(token, 1)),
        refusal(_with_header(token, x=1)),
    }
    said |= {refusal(with_part(token, 1, to_rsa(enc).split(".")[1])), refusal(with_part(token, 1, b64(bytes(256))))}
    assert said == {ONE_REFUSAL}


def test_no_key_opens_nothing() -> None:
    """Where encryption is off there is no key, and so no way in."""
    for token in (to_rsa(), to_ec(), shared("A256GCM")):
        with pytest.raises(JoseError):
            decrypt(token, ())


def test_the_limit_counts_octets_before_anything_is_decoded() -> None:
    """A long token costs a comparison."""
    token = to_rsa()
    assert decrypt(token, KEYS, limit=len(token)) == SIGNED
    with pytest.raises(JoseError, match="too long"):
        decrypt(token, KEYS, limit=len(token) - 1)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.dictionaries(
    st.sampled_from(["alg", "enc", "kid", "typ", "cty", "zip", "crit", "epk", "apu", "apv", "p2c", "iv", "tag", "jwk"]),
    ANYTHING
    | st.sampled_from(["dir", "ECDH-ES", "RSA-OAEP-256", "A256GCM", "A128CBC-HS256", EC_PAIR.public, RSA_PAIR.public]),
    max_size=6,
)


@given(header=MEMBERS, parts=st.tuples(*[st.binary(max_size=80)] * 4), base=st.sampled_from([DIR, GOOD_HEADER, {}]))
@hypothesis.settings(max_examples=300, deadline=None)
def test_any_header_over_any_octets_is_refused(
    header: dict[str, Any], parts: tuple[bytes, ...], base: dict[str, Any]
) -> None:
    """Never accepted, never another exception."""
    token = ".".join(map(b64, (json.dumps({**base, **header}).encode(), *parts)))
    assert not refusal(token).endswith("!")


@given(
    text=st.text(st.characters(codec=None), max_size=80)
    | st.lists(st.text(max_size=20), min_size=5, max_size=5).map(".".join)
)
@hypothesis.settings(deadline=None)
def test_any_text_is_refused(text: str) -> None:
    """RFC 8725 §3.4."""
    assert not refusal(text).endswith("!")
