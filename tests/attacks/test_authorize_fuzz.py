"""Anything at all at the front channel: never a 5xx, never a redirect to a place that is not registered (scorecard S-01)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, quote_from_bytes, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.front_channel import Browser, location, request_of
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db

NAMES = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age", "id_token_hint", "login_hint",
    "acr_values", "display", "ui_locales", "claims_locales", "claims", "request", "request_uri", "registration", "code_challenge",
    "code_challenge_method", "resource", "audience", "post_logout_redirect_uri", "client%5fid", "", "state[]", "\u0131d",
)  # fmt: skip
NASTY = (
    "", "\x00", "\r\nSet-Cookie: a=b", "none", "none none", "login consent select_account", "code", "code id_token", "form_post", "query.jwt", "S256",
    "plain", "٣", "-1", "9" * 30, "1e9", "null", "[]", "{}", "{" * 500, "a" * 9_000, "${7*7}", "' OR 1=1--", "<script>", "../../etc/passwd",
    "\U0001f600", "https://evil.example/", "//evil.example", "javascript:alert(1)", "eyJhbGciOiJub25lIn0.e30.", ".." * 50, "openid offline_access",
)  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=60),
    st.text(alphabet="\x00\x01\x7f\x80é\u202e\ud7ff\U0010ffff", max_size=8),
)
RAW = st.one_of(
    TEXT.map(lambda text: quote(text, safe="")),
    st.binary(max_size=20).map(quote_from_bytes),
    st.sampled_from(["%", "%zz", "%ED%A0%80", "%C0%AF", "+", "=", "%00"]),
)
FUZZ = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def judge(browser: Browser, path: str, query: str) -> None:
    query = query.encode("utf-8", "surrogatepass").decode("latin-1")  # as WSGI hands octets over (PEP 3333)
    response = browser.http.get(path, QUERY_STRING=query)
    assert response.status_code < 500, query
    where = urlsplit(location(response))
    assert not where.netloc or location(response).startswith((REDIRECT + "?", REDIRECT + "#")), query
    if response.status_code == 200:
        assert b"evil.example" not in response.content.split(b"<form")[-1].split(b">")[0]
    posted = browser.http.generic(
        "POST", path, query.encode("latin-1"), content_type="application/x-www-form-urlencoded"
    )
    assert posted.status_code < 500, query
    where = urlsplit(location(posted))
    assert not where.netloc or location(posted).startswith((REDIRECT + "?", REDIRECT + "#")), query


@FUZZ
@given(changes=st.lists(st.tuples(st.sampled_from(NAMES), RAW), max_size=6))
def test_a_good_request_with_some_of_it_changed(app: Party, browser: Browser, changes: list[tuple[str, str]]) -> None:
    query = {name: quote(value, safe="") for name, value in request_of(app).items()} | dict(changes)
    judge(browser, "/oauth/authorize", "&".join(f"{name}={value}" for name, value in query.items()))


@FUZZ
@given(extra=st.lists(st.tuples(st.sampled_from(NAMES), RAW), min_size=1, max_size=6))
def test_a_good_request_with_more_added(
    app: Party, browser: Browser, allowed: Callable[..., None], extra: list[tuple[str, str]]
) -> None:
    query = [*((name, quote(value, safe="")) for name, value in request_of(app).items()), *extra]
    judge(browser, "/oauth/authorize", "&".join(f"{name}={value}" for name, value in query))


@FUZZ
@given(query=st.binary(max_size=200))
def test_octets(keys: None, browser: Browser, query: bytes) -> None:
    judge(browser, "/oauth/authorize", query.decode("utf-8", "replace"))


@FUZZ
@given(parts=st.lists(st.tuples(st.sampled_from((*NAMES, "request")), RAW), max_size=5))
def test_the_end_session_endpoint(keys: None, browser: Browser, parts: list[tuple[str, str]]) -> None:
    judge(browser, "/oauth/logout", "&".join(f"{name}={value}" for name, value in parts))


@FUZZ
@given(key=st.text(max_size=80), path=st.sampled_from(["authorize", "consent", "select-account", "cancel"]))
def test_the_addresses_of_interactions(keys: None, browser: Browser, key: str, path: str) -> None:
    response = browser.http.get(f"/oauth/{path}/{quote(key, safe='')}")
    assert response.status_code < 500
    assert not urlsplit(location(response)).netloc
