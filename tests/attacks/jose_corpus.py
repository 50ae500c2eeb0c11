"""Hostile JWTs, each wrong in one way and otherwise signed by a key that is trusted (RFC 8725, the JOSE CVEs)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oauth_server.jose.key_sets import KeySet
from tests.support.keys import b64, number, public_jwk, raw_token, sign, textbook_rsa, textbook_signature, token

SECRET = "s" * 64
SHORT = "k" * 31
OCT = b"o" * 64
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
ENC_RSA = rsa.generate_private_key(65537, 2048)
RS_ONLY = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
EC384 = ec.generate_private_key(ec.SECP384R1())
OTHER_EC = ec.generate_private_key(ec.SECP256R1())
K1 = ec.generate_private_key(ec.SECP256K1())
ED = ed25519.Ed25519PrivateKey.generate()
ED448 = ed448.Ed448PrivateKey.generate()
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505  # weak on purpose
TINY = textbook_rsa(512, 65537)
IDENTITY = (rsa.generate_private_key(65537, 2048).public_key().public_numbers().n, 1, 1)


def _textbook_jwk(key: tuple[int, int, int], kid: str) -> dict[str, Any]:
    return {"kty": "RSA", "n": number(key[0]), "e": number(key[1]), "kid": kid}


JWKS = {
    "keys": [
        public_jwk(RSA, kid="rsa"),
        public_jwk(EC, kid="ec"),
        public_jwk(EC384, kid="ec384"),
        public_jwk(K1, kid="k1"),
        public_jwk(ED, kid="ed"),
        public_jwk(ED448, kid="ed448"),
        public_jwk(ENC_RSA, kid="enc", use="enc"),
        public_jwk(RS_ONLY, kid="rs-only", alg="RS256"),
        public_jwk(WEAK, kid="weak"),
        _textbook_jwk(TINY, "tiny"),
        _textbook_jwk(IDENTITY, "identity"),
        {"kty": "oct", "k": b64(OCT), "kid": "oct"},
        {"kty": "EC", "crv": "P-256", "x": b64(b"\1" * 32), "y": b64(b"\1" * 32), "kid": "off-curve"},
        {"kty": "RSA", "n": b64(b"\0"), "e": b64(b"\0"), "kid": "zero"},
        {"kty": ["RSA"], "kid": "list"},
        "not a key",
        None,
    ]
}
PUBLIC_KEYS = KeySet.from_jwks(JWKS)
SECRET_KEYS = KeySet.from_secret("", SECRET, SHORT)


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": "c", "sub": "c", "aud": "https://as.example", "iat": now, "exp": now + 60, "jti": "j", **more}


def rs(header: bytes, payload: bytes) -> str:
    return raw_token(header, payload, "RS256", RSA)


def with_header(text: str) -> str:
    """A trusted signature under a header of any spelling."""
    return rs(text.encode("utf-8", "surrogatepass"), json.dumps(claims()).encode())


def with_payload(payload: str | bytes) -> str:
    """A trusted signature over a payload of any spelling."""
    octets = payload if isinstance(payload, bytes) else payload.encode("utf-8", "surrogatepass")
    return rs(b'{"alg":"RS256","kid":"rsa"}', octets)


def with_member(name: str, spelling: str) -> str:
    text = json.dumps({key: value for key, value in claims().items() if key != name})
    return with_payload(f'{text[:-1]}, "{name}": {spelling}}}')


def algorithms() -> Iterator[tuple[str, str]]:
    header, payload, signature = token(claims(), "RS256", RSA, kid="rsa").split(".")
    for alg in ("none", "None", "NONE", "nOnE", "none ", " none", "", "null"):
        forged = b64(json.dumps({"alg": alg}).encode())
        yield f"alg {alg!r} without signature", f"{forged}.{payload}."
        yield f"alg {alg!r} with a signature", f"{forged}.{payload}.{signature}"
        yield f"alg {alg!r} with one octet", f"{forged}.{payload}.AA"
    for spelling in (
        "null",
        "true",
        "0",
        '["RS256"]',
        '["none"]',
        '{"a":"RS256"}',
        '"RS256 "',
        '"rs256"',
        '"RS257"',
        '"RSA1_5"',
    ):
        yield f"alg spelt {spelling}", with_header(f'{{"alg":{spelling},"kid":"rsa"}}')
    for alg in ("dir", "PBES2-HS256+A128KW", "A128KW", "RSA-OAEP", "ECDH-ES", "ES256K", "HS1", "Ed448", "\u0000"):
        yield f"alg {alg!r}", with_header(json.dumps({"alg": alg, "kid": "rsa", "p2c": 200_000_000, "p2s": "AA"}))
    yield "no alg", with_header('{"kid":"rsa"}')
    yield "empty signature", f"{header}.{payload}."
    yield "other's signature", f"{header}.{payload}.{token(claims(), 'RS256', OTHER_RSA).split('.')[2]}"


def public_keys_as_secrets() -> Iterator[tuple[str, str]]:
    for name, key in (("rsa", RSA), ("ec", EC)):
        public = key.public_key()
        spki = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        jwk = public_jwk(key, kid=name)
        secrets = {
            "PEM": spki,
            "PEM stripped": spki.strip(),
            "PEM and a space": spki + b" ",
            "a space and PEM": b" " + spki,
            "PEM with CRLF": spki.replace(b"\n", b"\r\n"),
            "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "JWK": json.dumps(jwk).encode(),
            "compact JWK": json.dumps(jwk, separators=(",", ":")).encode(),
            "a member": (jwk.get("n") or jwk["x"]).encode(),
            "the kid": name.encode(),
            "nothing": b"",
        }
        if name == "rsa":
            secrets["PKCS1 PEM"] = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
        for kind, secret in secrets.items():
            for alg in ("HS256", "HS512"):
                yield f"{alg} keyed with {kind} of {name}", token(claims(), alg, secret, kid=name)
    yield "HS256 by an oct key of the JWKS", token(claims(), "HS256", OCT, kid="oct")


def embedded_keys() -> Iterator[tuple[str, str]]:
    jwk = public_jwk(OTHER_RSA, kid="rsa")
    parameters: dict[str, Any] = {
        "jwk": jwk,
        "jku": "http://127.0.0.1:9/jwks",
        "x5u": "http://127.0.0.1:9/cert",
        "x5c": ["AAAA"],
        "x5t": "AAAA",
    }
    for name, value in parameters.items():
        yield f"embedded {name}", token(claims(), "RS256", OTHER_RSA, **{name: value})
        yield f"embedded {name} under a known kid", token(claims(), "RS256", OTHER_RSA, kid="rsa", **{name: value})
        yield f"embedded {name} with kid of its own", token(claims(), "RS256", OTHER_RSA, kid="mine", **{name: value})
    yield "embedded symmetric jwk", token(claims(), "HS256", b"x" * 32, jwk={"kty": "oct", "k": b64(b"x" * 32)})
    yield "embedded ec jwk", token(claims(), "ES256", OTHER_EC, jwk=public_jwk(OTHER_EC), kid="ec")


def header_parameters() -> Iterator[tuple[str, str]]:
    rows = (
        '"crit":["x"],"x":1', '"crit":[]', '"crit":["exp"]', '"crit":["b64"],"b64":false', '"crit":["alg","alg"]', '"crit":"alg"',
        '"crit":null', '"crit":["typ"],"typ":"JWT"', '"b64":false', '"b64":true', '"zip":"DEF"', '"zip":null', '"enc":"A128GCM"',
        '"kid":["rsa"]', '"kid":1', '"kid":null', '"kid":{"a":"rsa"}', '"kid":"../../rsa"', '"kid":"rsa\\u0000"', '"kid":"\' OR 1=1 --"',
        '"kid":""', '"kid":"RSA"', '"kid":"rsa "', '"kid":"/dev/null"', '"kid":"\\ud800"', '"kid":"rsa","kid":"rsa"', '"typ":1',
        '"typ":["JWT"]', '"cty":1', '"typ":null',
    )  # fmt: skip
    for row in rows:
        kid = "" if '"kid"' in row else ',"kid":"rsa"'
        yield f"header {row}", with_header(f'{{"alg":"RS256"{kid},{row}}}')
    yield "kid of a megabyte", with_header(json.dumps({"alg": "RS256", "kid": "k" * 1_000_000}))
    yield "alg twice", with_header('{"alg":"none","alg":"RS256","kid":"rsa"}')
    yield "alg twice, escaped", with_header('{"alg":"RS256","\\u0061lg":"RS256","kid":"rsa"}')
    for typ in (
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "entity-statement+jwt",
        "application/logout+jwt",
        "JWE",
        "jwt+x",
    ):
        yield f"typ {typ}", token(claims(), "RS256", RSA, kid="rsa", typ=typ)


def json_spellings() -> Iterator[tuple[str, str]]:
    bodies: dict[str, str | bytes] = {
        "array": "[]", "text": '"x"', "number": "1", "null": "null", "true": "true", "nothing": " ", "two objects": "{}{}",
        "trailing comma": '{"iss":"c",}', "comment": '{"iss":"c"/**/}', "single quotes": "{'iss':'c'}", "unclosed": '{"iss":"c"',
        "byte order mark": b'\xef\xbb\xbf{"iss":"c"}', "UTF-16": '{"iss":"c"}'.encode("utf-16"), "overlong": b'{"iss":"\xc0\xaf"}',
        "invalid UTF-8": b'{"iss":"\xff"}', "surrogate in UTF-8": b'{"iss":"\xed\xa0\x80"}', "lone surrogate": '{"iss":"\\ud800"}',
        "lone surrogate as a name": '{"\\udfff":1}', "NUL": '{"iss":"c\\u0000"}', "raw NUL": b'{"iss":"c\0"}', "raw newline": b'{"iss":"c\n"}',
        "deep arrays": '{"a":' + "[" * 5000 + "]" * 5000 + "}", "deep objects": '{"a":' * 5000 + "1" + "}" * 5000,
        "deep and unclosed": '{"a":' + "[" * 20000, "17 levels": '{"a":' + "[" * 16 + "]" * 16 + "}",
        "member twice": '{"iss":"c","iss":"c"}', "member twice below": '{"a":{"b":1,"b":1}}', "member twice, escaped": '{"iss":"c","\\u0069ss":"d"}',
    }  # fmt: skip
    for name, body in bodies.items():
        yield f"JSON payload: {name}", with_payload(body)
        octets = body if isinstance(body, bytes) else body.encode()
        yield f"JSON header: {name}", rs(octets, json.dumps(claims()).encode())
    for spelling in ("9" * 5000, "-" + "9" * 5000, "1" * 19, "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "0x10", "01", "1_000", "1e308",
                     "1e20", "true", "false", "null", '"1"', "[1]", "{}", "-1", "253402300800"):  # fmt: skip
        for name in ("exp", "iat", "nbf"):
            yield f"{name} spelt {spelling[:20]}", with_member(name, spelling)
    yield "5000 digits elsewhere", with_member("x", "9" * 5000)
    yield "NaN elsewhere", with_member("x", "NaN")
    yield "1e999 elsewhere", with_member("x", "[1e999]")


def claim_types() -> Iterator[tuple[str, str]]:
    for name in ("iss", "sub", "jti", "client_id"):
        for value in (["c"], ["evil", "c"], {"c": 1}, 1, True, None):
            yield f"{name} is {value!r}", token(claims(**{name: value}), "RS256", RSA, kid="rsa")
    for value in ({"a": 1}, 1, None, True, [], [1], [["https://as.example"]], ["https://as.example", None]):
        yield f"aud is {value!r}", token(claims(aud=value), "RS256", RSA, kid="rsa")


def spellings() -> Iterator[tuple[str, str]]:
    good = token(claims(), "RS256", RSA, kid="rsa")
    parts = good.split(".")
    for index, name in enumerate(("header", "payload", "signature")):
        part = parts[index]
        for change, other in {
            "padding": part + "=" * (-len(part) % 4 or 4), "a space before": " " + part, "a space after": part + " ",
            "a newline": part + "\n", "plus": "+" + part[1:], "slash": "/" + part[1:], "a full-width letter": "\uff21" + part[1:],
            "nothing": "", "an octet that is missing": part[:-1], "an octet too many": part + "A", "NUL": part + "\0",
            "percent": part + "%3D", "an Arabic digit": "\u0661" + part[1:],
        }.items():  # fmt: skip
            yield f"{name}: {change}", ".".join([*parts[:index], other, *parts[index + 1 :]])
    # 256 octets leave four bits over in the last character: sixteen spellings, of which one is canonical.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(good[-1])
    for spare in range(1, 16):
        yield f"stray bits {spare}", good[:-1] + alphabet[last + spare]
    yield "no part", ""
    yield "one part", parts[0]
    yield "two parts", ".".join(parts[:2])
    yield "four parts", good + "." + parts[2]
    yield "four parts, last empty", good + "."
    yield "five parts, like a JWE", ".".join([*parts, "AA", "AA"])
    yield "a million parts", "." * 1_000_000
    yield "only dots", ".."
    yield "two megabytes", ".".join([parts[0], "A" * 2_000_000, parts[2]])
    yield "a signature of 40 kilobytes", ".".join([*parts[:2], "A" * 40_000])
    flat = {"protected": parts[0], "payload": parts[1], "signature": parts[2]}
    yield "flattened JSON", json.dumps(flat)
    yield (
        "general JSON",
        json.dumps({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]}),
    )
    yield "general JSON without signatures", json.dumps({"payload": parts[1], "signatures": []})
    yield "quoted", json.dumps(good)
    yield "Bearer", "Bearer " + good
    yield "surrogate", good + "\ud800"


def signatures() -> Iterator[tuple[str, str]]:
    header, payload, _ = token(claims(), "ES256", EC, kid="ec").split(".")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    r, s = b64(b"x"), order.to_bytes(32, "big")
    message = f"{header}.{payload}"
    der = EC.sign(message.encode(), ec.ECDSA(hashes.SHA256()))
    for name, octets in {
        "zero r and s": bytes(64), "zero r": bytes(32) + s, "zero s": s + bytes(32), "order": s + s, "all ones": b"\xff" * 64,
        "one octet": b"\0", "63 octets": bytes(63), "65 octets": bytes(65), "128 octets": bytes(128), "DER": der, "zero DER": b"\x30\x06\x02\x01\0\x02\x01\0",
    }.items():  # fmt: skip
        yield f"ES256 signature: {name}", f"{message}.{b64(octets)}"
    yield "ES256 signature: text", f"{message}.{r}"
    yield (
        "ES256 claiming ES384",
        token(claims(), "ES256", EC, kid="ec").replace(header, b64(b'{"alg":"ES384","kid":"ec"}')),
    )
    for alg, key, kid in (
        ("ES384", EC, "ec"),
        ("ES256", EC384, "ec384"),
        ("ES512", EC384, "ec384"),
        ("ES256", K1, "k1"),
    ):
        head = f"{b64(json.dumps({'alg': alg, 'kid': kid}).encode())}.{payload}"
        yield f"{alg} by {kid}", f"{head}.{b64(sign(alg, key, head.encode()))}"
    yield "EdDSA by Ed448", token(claims(), "EdDSA", ED448, kid="ed448")
    for octets in (bytes(64), b"\1" + bytes(63), b"\xff" * 64, bytes(63), bytes(114)):
        head = b64(json.dumps({"alg": "EdDSA", "kid": "ed"}).encode()) + "." + payload
        yield f"EdDSA signature {octets[:1]!r} * {len(octets)}", f"{head}.{b64(octets)}"
    for octets in (bytes(256), b"\1" * 256, b"\xff" * 256, bytes(1), bytes(255), bytes(257), bytes(512)):
        head = b64(json.dumps({"alg": "RS256", "kid": "rsa"}).encode()) + "." + payload
        yield f"RS256 signature {octets[:1]!r} * {len(octets)}", f"{head}.{b64(octets)}"
    yield "RS256 by a weak key", token(claims(), "RS256", WEAK, kid="weak")
    for name, key in (("tiny", TINY), ("identity", IDENTITY)):
        head = b64(json.dumps({"alg": "RS256", "kid": name}).encode()) + "." + payload
        yield f"RS256 by a {name} key", f"{head}.{b64(textbook_signature(head.encode(), key[0], key[2]))}"
    yield "RS256 by an encryption key", token(claims(), "RS256", ENC_RSA, kid="enc")
    yield "PS256 by a key for RS256", token(claims(), "PS256", RS_ONLY, kid="rs-only")
    yield (
        "PS256 under the header of RS256",
        token(claims(), "PS256", RSA, kid="rsa").replace(
            b64(json.dumps({"alg": "PS256", "kid": "rsa"}).encode()),
            b64(json.dumps({"alg": "RS256", "kid": "rsa"}).encode()),
        ),
    )
    for kid in ("off-curve", "zero", "list", "missing"):
        yield f"kid {kid}", token(claims(), "ES256", OTHER_EC, kid=kid)
    for alg in ("HS256", "HS384", "HS512"):
        yield f"{alg} with an empty secret", token(claims(), alg, b"")
        yield f"{alg} with a short secret", token(claims(), alg, SHORT.encode())
        yield f"{alg} with another secret", token(claims(), alg, b"t" * 64)


@cache
def corpus() -> tuple[tuple[str, str], ...]:
    """Every case: its name and the token."""
    groups = (
        algorithms, public_keys_as_secrets, embedded_keys, header_parameters, json_spellings, claim_types, spellings, signatures,
    )  # fmt: skip
    return tuple(case for group in groups for case in group())
