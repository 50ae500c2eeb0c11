"""OAuth 2.0 Multiple Response Type Encoding Practices §2.1: how the answer travels."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from oauth_server.authorize.response_modes import RESPONSE_MODES, RESPONSE_TYPES, canonical, mode_for
from tests.support.front_channel import Browser, answer, location
from tests.support.parties import REDIRECT, Party


@pytest.mark.django_db
@pytest.mark.parametrize("mode", [None, "query", "fragment"])
def test_a_code_travels_where_it_was_asked_to(
    app: Party, browser: Browser, allowed: Callable[..., None], mode: str | None
) -> None:
    """§2.1: the default of the code flow is the query; the other part of the address stays empty.

    OpenID Connect Core §3.1.2.5.
    """
    allowed()
    done = browser.authorize(app, response_mode=mode)
    parts = urlsplit(location(done))
    assert location(done).startswith(REDIRECT)
    assert "code" in answer(done, mode or "query")
    assert not (parts.query if mode == "fragment" else parts.fragment)


@pytest.mark.django_db
def test_an_error_travels_the_same_way(app: Party, browser: Browser) -> None:
    """§2.1."""
    assert (
        answer(browser.authorize(app, response_mode="fragment", prompt="none"), "fragment")["error"] == "login_required"
    )


@pytest.mark.parametrize(
    ("response_mode", "response_type", "mode"),
    [
        (None, "code", "query"),
        ("fragment", "code", "fragment"),
        ("form_post", "code", "form_post"),
        ("web_message", "code", "query"),
        (None, None, "query"),
        (None, "token", "fragment"),
        (None, "id_token code", "fragment"),
        ("query", "foo", "query"),
    ],
)
def test_there_is_always_a_mode_to_answer_in(response_mode: str | None, response_type: str | None, mode: str) -> None:
    """RFC 6749 §4.1.2.1, §4.2.2.1: an error has to be readable by whoever asked, however wrongly."""
    assert mode_for(response_mode, response_type) == mode


def test_the_order_of_a_response_type_does_not_matter() -> None:
    """RFC 6749 §3.1.1."""
    assert canonical("token id_token code") == "code id_token token"


def test_the_tables_name_what_is_offered_and_never_a_token_alone() -> None:
    """RFC 9700 §2.1.2: an access token that no ID token and no code vouches for."""
    assert set(RESPONSE_MODES) == {
        "query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt",
    }  # fmt: skip
    assert set(RESPONSE_TYPES) == {
        "code", "id_token", "id_token token", "code id_token", "code token", "code id_token token",
    }  # fmt: skip
