"""The JOSE parsers on input that hypothesis makes up: JoseError or a result, never anything else (scorecard S-03)."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_server.jose.encoding import decode, encode, parse_object
from oauth_server.jose.errors import JoseError
from oauth_server.jose.key_sets import KeySet, parse_key
from oauth_server.jose.thumbprints import thumbprint
from oauth_server.jose.verify import inspect, verify
from tests.attacks.jose_corpus import JWKS, PUBLIC_KEYS, SECRET_KEYS
from tests.support.keys import b64

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
ALGORITHMS = st.sampled_from(
    ["none", "RS256", "PS512", "ES256", "ES512", "EdDSA", "Ed25519", "HS256", "HS512", "ES256K", "dir"]
)
REGISTERED = ["alg", "kid", "typ", "crit", "jwk", "x5c", "b64", "iss", "sub", "aud", "exp", "iat", "nbf", "jti"]
MEMBERS = st.dictionaries(st.sampled_from(REGISTERED), JSON, max_size=5)
JWK_MEMBERS = ["kty", "crv", "x", "y", "n", "e", "d", "k", "kid", "alg", "use", "key_ops", "x5c"]
JWK_VALUES = (
    st.sampled_from(["RSA", "EC", "OKP", "oct", "P-256", "P-521", "Ed25519", "sig", "AQAB", "AA", ""])
    | st.binary(max_size=300).map(b64)
    | JSON
)


def _only_jose_errors(call: Any, *arguments: Any, **named: Any) -> Any:
    try:
        return call(*arguments, **named)
    except JoseError:
        return None


@given(octets=st.binary(max_size=200))
@hypothesis.settings(deadline=None)
def test_base64url_is_one_to_one(octets: bytes) -> None:
    """RFC 7515 §2: one spelling for one value."""
    assert decode(encode(octets)) == octets


@given(text=ANY_TEXT)
@hypothesis.settings(deadline=None)
def test_what_decodes_is_the_one_spelling(text: str) -> None:
    """RFC 4648 §3.5: nothing else has those octets."""
    octets = _only_jose_errors(decode, text)
    assert octets is None or encode(octets) == text


@given(octets=st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
@hypothesis.settings(deadline=None)
def test_any_octets_are_an_object_or_refused(octets: bytes) -> None:
    """RFC 8259: what is accepted, Python's own parser reads the same way."""
    value = _only_jose_errors(parse_object, octets)
    assert value is None or value == json.loads(octets)


@given(token=ANY_TEXT | st.lists(ANY_TEXT, min_size=3, max_size=3).map(".".join))
@hypothesis.settings(deadline=None)
def test_any_text_is_refused(token: str) -> None:
    """No text that nobody signed has a meaning."""
    _only_jose_errors(inspect, token)


@given(header=MEMBERS, alg=ALGORITHMS, claims=MEMBERS, signature=st.binary(max_size=140))
@settings(max_examples=400, deadline=None)
def test_any_header_and_claims_with_any_signature_are_refused(
    header: dict[str, Any], alg: str, claims: dict[str, Any], signature: bytes
) -> None:
    """RFC 8725 §3: never accepted, never another exception."""
    parts = (json.dumps({"alg": alg, **header}).encode(), json.dumps(claims).encode(), signature)
    token = ".".join(map(b64, parts))
    accepted = frozenset({"RS256", "PS512", "ES256", "ES512", "EdDSA", "Ed25519", "HS256", "HS512"})
    for keys in (PUBLIC_KEYS, SECRET_KEYS):
        assert _only_jose_errors(verify, token, keys, algorithms=accepted) is None


@given(jwk=st.dictionaries(st.sampled_from(JWK_MEMBERS), JWK_VALUES), base=st.sampled_from(JWKS["keys"][:6]))
@settings(max_examples=400, deadline=None)
def test_any_members_are_a_key_or_refused(jwk: dict[str, Any], base: dict[str, Any]) -> None:
    """RFC 7517 §4: alone, and on top of a good key."""
    for members in (jwk, {**base, **jwk}):
        _only_jose_errors(parse_key, members)
        _only_jose_errors(thumbprint, members)
        assert len(KeySet.from_jwks({"keys": [members]})) <= 1
