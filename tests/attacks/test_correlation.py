"""Clients that put together what they were told must not find out who is who (OpenID Connect Core §8, §17.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from identity.models import User
from oauth_server.logout.front_channel import frames
from tests.support.front_channel import Browser, answer, claims_of, exchange
from tests.support.parties import BASE, REDIRECT, Http, Party

pytestmark = pytest.mark.django_db


def access_claims(token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(Http().get("/oauth/jwks").json())
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


def test_each_client_knows_a_sign_in_by_a_name_of_its_own(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    """One sid for all would undo pairwise subjects; one client's is the same in all that it reads, and ends the sign-in."""
    out = "https://app.example/out"
    clients = [
        make_client(subject_type="pairwise", frontchannel_logout_uri=out, client_name=name) for name in ("one", "two")
    ]
    browser.sign_in(person)
    told: list[set[str]] = []
    for client in clients:
        names = set()
        for _ in range(2):
            tokens = exchange(client, answer(browser.walk(browser.authorize(client), person))["code"])
            names |= {claims_of(tokens)["sid"], access_claims(tokens["access_token"])["sid"]}
        told.append(names)
    inside = browser.http.session["sid"]
    framed = [parse_qs(urlsplit(uri).query)["sid"][0] for uri in frames(inside)]
    assert [len(names) for names in told] == [1, 1]
    assert told[0].isdisjoint(told[1])
    assert sorted(framed) == sorted(told[0] | told[1])
    assert inside not in told[0] | told[1]


def test_a_hint_of_this_very_sign_in_still_speaks_for_the_person(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    """RP-Initiated Logout §2: signed out at once; another client's name for the sign-in would not do."""
    app = make_client(redirect_uris=[REDIRECT], post_logout_redirect_uris=["https://app.example/bye"])
    browser.sign_in(person)
    tokens = exchange(app, answer(browser.walk(browser.authorize(app), person))["code"])
    ended = browser.http.get(
        "/oauth/logout",
        {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://app.example/bye"},
    )
    assert ended.status_code == 303
    assert ended.headers["Location"] == "https://app.example/bye"
    assert BASE not in ended.headers["Location"]
