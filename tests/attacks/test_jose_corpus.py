"""The strict JOSE front door against a corpus of hostile tokens (RFC 8725; JOSE libraries' CVEs)."""

from __future__ import annotations

import random
import socket
import time
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from identity.federation import back_channel
from identity.federation.metadata import Metadata, accepted_algorithms
from oauth_server.jose import algorithms
from oauth_server.jose.errors import JoseError
from oauth_server.jose.key_sets import KeySet
from oauth_server.jose.verify import check_times, inspect, verify
from tests.attacks.jose_corpus import (
    EC,
    EC384,
    ED,
    PUBLIC_KEYS,
    RS_ONLY,
    RSA,
    SECRET,
    SECRET_KEYS,
    claims,
    corpus,
)
from tests.support.keys import token

# Each use of the front door: its keys, its algorithms, its types.
USES: dict[str, tuple[KeySet, frozenset[str], frozenset[str] | None]] = {
    "private_key_jwt": (
        PUBLIC_KEYS,
        algorithms.PRIVATE_KEY_JWT,
        frozenset({"", "jwt", "client-authentication+jwt"}),
    ),
    "client_secret_jwt": (SECRET_KEYS, algorithms.CLIENT_SECRET_JWT, None),
    "request object": (PUBLIC_KEYS, algorithms.REQUEST_OBJECT, frozenset({"", "jwt", "oauth-authz-req+jwt"})),
    "id_token_hint": (PUBLIC_KEYS, frozenset(algorithms.SIGNING), None),
    # Also without a type, so that the cases fail for their own reason.
    "access token": (PUBLIC_KEYS, algorithms.ACCESS_TOKEN, frozenset({"", "at+jwt"})),
    "upstream ID token": (PUBLIC_KEYS, accepted_algorithms(Metadata("", {})), None),
    "upstream logout token": (PUBLIC_KEYS, accepted_algorithms(Metadata("", {})), back_channel.TYPES - {"logout+jwt"}),
    "every algorithm at once": (PUBLIC_KEYS, frozenset(algorithms.ALGORITHMS), None),
}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> NoReturn:
        pytest.fail("The front door reached for the network.")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_corpus_is_large_and_names_each_case_once() -> None:
    """Scorecard S-04: at least 150 cases."""
    names = [name for name, _ in corpus()]
    assert len(names) >= 150
    assert len(names) == len(set(names))


@pytest.mark.parametrize("use", USES)
def test_every_hostile_token_is_refused_with_the_one_exception_fast(use: str) -> None:
    """RFC 8725 §3: no case is accepted, none raises anything else, none costs more than 50 ms."""
    keys, accepted, typ = USES[use]
    wrong = []
    for name, hostile in corpus():
        began = time.thread_time()
        try:
            verify(hostile, keys, algorithms=accepted, typ=typ)
            wrong.append(f"{name}: accepted")
        except JoseError as refusal:
            if hostile and len(hostile) > 40 and hostile[:40] in str(refusal):
                wrong.append(f"{name}: the refusal repeats the token")
        except Exception as error:  # any other exception is the finding
            wrong.append(f"{name}: {type(error).__name__}")
        if time.thread_time() - began > 0.05:
            wrong.append(f"{name}: slow")
    assert wrong == []


@pytest.mark.parametrize(
    ("alg", "key", "kid"),
    [
        ("RS256", RSA, "rsa"), ("RS384", RSA, "rsa"), ("RS512", RSA, "rsa"), ("PS256", RSA, "rsa"), ("PS384", RSA, "rsa"),
        ("PS512", RSA, "rsa"), ("ES256", EC, "ec"), ("ES384", EC384, "ec384"), ("EdDSA", ED, "ed"), ("RS256", RS_ONLY, "rs-only"),
    ],
)  # fmt: skip
def test_the_same_keys_verify_honest_tokens(alg: str, key: Any, kid: str) -> None:
    """The corpus fails for what is wrong with it, not for want of a key: RFC 7518 §3.1's algorithms are all accepted."""
    honest = token(claims(), alg, key, kid=kid)
    assert verify(honest, PUBLIC_KEYS, algorithms=algorithms.PRIVATE_KEY_JWT).claims["iss"] == "c"


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_a_client_secret_verifies_honest_tokens(alg: str) -> None:
    """OpenID Connect Core §10.1: the key is the secret's UTF-8 octets."""
    honest = token(claims(), alg, SECRET.encode())
    assert verify(honest, SECRET_KEYS, algorithms=algorithms.CLIENT_SECRET_JWT).claims["iss"] == "c"


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt+x", "application/jwt", "at jwt", "logout+jwt"])
def test_an_access_token_must_say_that_it_is_one(typ: str | None) -> None:
    """RFC 9068 §4, RFC 8725 §3.11: an ID token by the same key is no access token."""
    other = token(claims(), "RS256", RSA, kid="rsa", **({"typ": typ} if typ else {}))
    with pytest.raises(JoseError):
        verify(other, PUBLIC_KEYS, algorithms=algorithms.ACCESS_TOKEN, typ=frozenset({"at+jwt"}))


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_types_compare_as_media_types_do(typ: str) -> None:
    """RFC 7515 §4.1.9: without case, and application/ may be left out."""
    honest = token(claims(), "RS256", RSA, kid="rsa", typ=typ)
    assert verify(honest, PUBLIC_KEYS, algorithms=algorithms.ACCESS_TOKEN, typ=frozenset({"at+jwt"}))


def test_foreign_key_parameters_are_ignored_where_a_known_key_signed() -> None:
    """RFC 7515 §4.1.2 to §4.1.6: they are hints; an honest client may send x5c and loses nothing."""
    honest = token(claims(), "RS256", RSA, kid="rsa", x5c=["AAAA"], jku="http://127.0.0.1:9/")
    assert verify(honest, PUBLIC_KEYS, algorithms=algorithms.PRIVATE_KEY_JWT).header["jku"]


@pytest.mark.parametrize("length", [0, 1, 10, 1000, 32_768])
def test_noise_is_refused(length: int) -> None:
    """Random text of any length is refused with JoseError."""
    source = random.Random(length)  # noqa: S311  # noise that can be repeated
    for _ in range(200):
        noise = "".join(source.choice('ABCabc019-_.=+/ \n{}"\ud800é') for _ in range(length))
        with pytest.raises(JoseError):
            inspect(noise)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1", [1]])
def test_times_of_another_type_are_refused_also_when_they_come_from_elsewhere(value: Any) -> None:
    """RFC 7519 §2: a NumericDate is a finite number."""
    with pytest.raises(JoseError):
        check_times({"exp": value}, datetime.now(UTC), 30)
