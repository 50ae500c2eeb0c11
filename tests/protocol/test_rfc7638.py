"""RFC 7638: a key's name follows from the key."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import JWKRegistry
from jwcrypto.jwk import JWK

from oauth_server.jose.algorithms import SIGNING
from oauth_server.jose.errors import JoseError
from oauth_server.jose.generate import generate
from oauth_server.jose.thumbprints import certificate_thumbprint, thumbprint

RFC7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM"
    "stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91"
    "CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def test_the_example_of_section_3_1() -> None:
    """RFC 7638 §3.1."""
    assert thumbprint(RFC7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_example_of_rfc8037() -> None:
    """RFC 8037 appendix A.3."""
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("alg", SIGNING)
def test_our_kid_is_what_other_libraries_compute(alg: str) -> None:
    """RFC 7638 §3: kid, alg and use do not enter the hash."""
    pair = generate(alg)
    assert pair.kid == JWK(**pair.public).thumbprint() == JWKRegistry.import_key(pair.public).thumbprint()


@pytest.mark.parametrize(
    "jwk",
    [{}, {"kty": "RSA"}, {"kty": "RSA", "n": 1, "e": "AQAB"}, {"kty": ["RSA"]}, {"kty": "x"}, {"kty": None},
     {"kty": "OKP", "crv": "Ed25519", "x": "\ud800"}],
)  # fmt: skip
def test_what_is_no_key_has_no_thumbprint(jwk: dict[str, object]) -> None:
    """RFC 7638 §3.2: every required member, as text; else one exception."""
    with pytest.raises(JoseError):
        thumbprint(jwk)


def test_a_certificate_thumbprint_is_over_its_der() -> None:
    """RFC 8705 §3.1's example."""
    pem = b"""-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert certificate_thumbprint(der) == "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
