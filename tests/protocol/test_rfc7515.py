"""RFC 7515: what we sign, others verify; what others sign, we verify."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import JWKRegistry, OctKey
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from oauth_server.jose.algorithms import ALGORITHMS, ASYMMETRIC, ID_TOKEN, SIGNING, SYMMETRIC
from oauth_server.jose.errors import JoseError
from oauth_server.jose.generate import KeyPair, generate
from oauth_server.jose.key_sets import KeySet, parse_key
from oauth_server.jose.sign import Signer, private_signer, secret_signer
from oauth_server.jose.verify import inspect, verify
from tests.support.keys import public_jwk

CLAIMS = {"iss": "https://as.example", "sub": "é\u2028", "n": 1, "aud": ["a", "b"], "nested": {"a": [1.5, None, True]}}
PAIRS = {alg: generate(alg) for alg in sorted(ASYMMETRIC)}
SECRET = "a client secret of sixty-four octets or more, as HS512 asks for it."


def signed(pair: KeyPair, typ: str = "at+jwt") -> str:
    return private_signer(pair.kid, pair.alg, pair.private).sign(CLAIMS, typ)


@pytest.mark.parametrize("alg", PAIRS)
def test_other_libraries_verify_what_we_sign(alg: str) -> None:
    """RFC 7515 §5.2, by joserfc and by jwcrypto."""
    pair = PAIRS[alg]
    token = signed(pair)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc: EdDSA has a newer name (RFC 9864)
        theirs = jws.deserialize_compact(token, JWKRegistry.import_key(pair.public), algorithms=[alg])
    assert theirs.headers() == {"alg": alg, "typ": "at+jwt", "kid": pair.kid}
    assert json.loads(theirs.payload or b"") == CLAIMS
    other = JWS()
    other.allowed_algs = [alg]
    other.deserialize(token, JWK(**pair.public))
    assert json.loads(other.payload) == CLAIMS


@pytest.mark.parametrize("alg", PAIRS)
def test_we_verify_what_another_library_signs(alg: str) -> None:
    """RFC 7518 §3.1: every algorithm that a client may choose, signed by jwcrypto."""
    pair = PAIRS[alg]
    key = (
        JWK.generate(kty="RSA", size=2048)
        if pair.public["kty"] == "RSA"
        else JWK.generate(kty=pair.public["kty"], crv=pair.public["crv"])
    )
    theirs = JWS(json.dumps(CLAIMS))
    theirs.allowed_algs = [alg]
    theirs.add_signature(key, alg, json.dumps({"alg": alg, "kid": "theirs"}))
    keys = KeySet.from_jwks({"keys": [{**key.export_public(as_dict=True), "kid": "theirs"}]})
    assert verify(theirs.serialize(compact=True), keys, algorithms=ASYMMETRIC).claims == CLAIMS


@pytest.mark.parametrize("alg", sorted(SYMMETRIC))
def test_hmac_is_keyed_with_the_octets_of_the_secret(alg: str) -> None:
    """OpenID Connect Core §10.1."""
    token = secret_signer(alg, SECRET).sign(CLAIMS, "JWT")
    assert "kid" not in inspect(token).header
    assert (
        json.loads(jws.deserialize_compact(token, OctKey.import_key(SECRET), algorithms=[alg]).payload or b"") == CLAIMS
    )
    assert verify(token, KeySet.from_secret("other" * 20, SECRET), algorithms=SYMMETRIC).claims == CLAIMS


@pytest.mark.parametrize("alg", sorted(SYMMETRIC))
def test_a_short_secret_signs_nothing(alg: str) -> None:
    """RFC 7518 §3.2: at least as long as the hash."""
    octets = ALGORITHMS[alg].secret_octets
    assert secret_signer(alg, "s" * octets).sign({}, "JWT")
    for secret in ("", "s" * (octets - 1)):
        with pytest.raises(JoseError):
            secret_signer(alg, secret)


def test_a_key_signs_with_its_own_algorithm_only() -> None:
    """RFC 8725 §3.1."""
    with pytest.raises(JoseError):
        private_signer("k", "RS256", PAIRS["ES256"].private)
    with pytest.raises(JoseError):
        private_signer("k", "HS256", PAIRS["ES256"].private)
    with pytest.raises(JoseError):
        secret_signer("ES256", SECRET)
    with pytest.raises(JoseError):
        Signer("k", "ES256", SECRET.encode())


def test_an_extra_header_does_not_leak_into_the_next_token() -> None:
    """Headers are prepared once a type."""
    signer = private_signer("k", "ES256", PAIRS["ES256"].private)
    assert inspect(signer.sign({}, "JWT", {"x": 1})).header == {"alg": "ES256", "typ": "JWT", "kid": "k", "x": 1}
    assert inspect(signer.sign({}, "JWT")).header == {"alg": "ES256", "typ": "JWT", "kid": "k"}
    assert inspect(signer.sign({}, "at+jwt")).header["typ"] == "at+jwt"


def test_a_private_key_has_no_representation_that_shows_it() -> None:
    """No secret in a log or trace."""
    pair = PAIRS["EdDSA"]
    assert str(pair.private) not in repr(pair)
    assert "secret" not in repr(KeySet.from_secret(SECRET))


def test_a_token_without_a_kid_is_tried_with_the_fitting_keys() -> None:
    """OpenID Connect Core §10.1: a kid is needed only where several keys could be meant; we try a few."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    known = KeySet.from_jwks({"keys": [public_jwk(key, kid=str(i)) for i, key in enumerate(keys)]})
    pair = PAIRS["ES256"]
    token = private_signer("", "ES256", pair.private).sign(CLAIMS, "JWT")
    with pytest.raises(JoseError, match="signature"):
        verify(token, known, algorithms=ASYMMETRIC)
    assert verify(token, KeySet((*known.keys, parse_key(pair.public))), algorithms=ASYMMETRIC)


def test_a_key_without_a_name_serves_a_token_with_one() -> None:
    """Clients register keys without kid and libraries send one all the same."""
    pair = PAIRS["ES256"]
    bare = {name: value for name, value in pair.public.items() if name != "kid"}
    assert verify(signed(pair, "JWT"), KeySet([parse_key(bare)]), algorithms=ASYMMETRIC)


def test_two_keys_of_one_name_are_told_apart_by_their_type() -> None:
    """RFC 7517 §4.5: keys of different types may share a kid."""
    first, second = rsa.generate_private_key(65537, 2048), PAIRS["ES256"]
    keys = KeySet.from_jwks({"keys": [public_jwk(first, kid=second.kid), second.public]})
    assert verify(signed(second, "JWT"), keys, algorithms=ASYMMETRIC)


def test_parameters_that_we_do_not_know_are_ignored() -> None:
    """RFC 7515 §4: unless crit says otherwise."""
    pair = PAIRS["ES256"]
    token = private_signer(pair.kid, "ES256", pair.private).sign(CLAIMS, "JWT", {"x-mine": {"a": 1}})
    assert verify(token, KeySet([parse_key(pair.public)]), algorithms=ASYMMETRIC).header["x-mine"] == {"a": 1}


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": "x"}, {"keys": {}}, "x", 1])
def test_what_is_no_jwk_set_is_refused(document: Any) -> None:
    """RFC 7517 §5."""
    with pytest.raises(JoseError):
        KeySet.from_jwks(document)


def test_a_key_that_we_cannot_use_is_passed_over() -> None:
    """RFC 7517 §5: implementations should ignore keys of types that they do not know."""
    good = PAIRS["ES256"].public
    strange: list[Any] = [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}, {**good, "use": "enc"}, {**good, "key_ops": ["sign"]}, {**good, "key_ops": "verify"},
        {**good, "crv": "P-521"}, {**good, "x": good["y"] + "A"}, {**good, "kid": 1}, {"kty": "RSA", "n": "AQ", "e": "AQAB"}, 1, None, [],
    ]  # fmt: skip
    assert len(KeySet.from_jwks({"keys": [*strange, good]})) == 1


def test_our_tables_hold_only_algorithms_that_exist() -> None:
    """Discovery prints them."""
    assert set(SIGNING) < ID_TOKEN <= ALGORITHMS.keys()
    assert "none" not in ALGORITHMS
    assert not ASYMMETRIC & SYMMETRIC
    with pytest.raises(ValueError, match="HS256"):
        generate("HS256")
