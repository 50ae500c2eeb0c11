"""RFC 7636: Proof Key for Code Exchange, and the characters of errors (RFC 6749 §4.1.2.1, §5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from oauth_server.protocol import pkce
from oauth_server.protocol.errors import InvalidGrant
from tests.support.front_channel import Browser, answer
from tests.support.parties import Code, Party

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
# RFC 6749 §4.1.2.1 and §5.2: what error and error_description may hold.
ALLOWED = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


def test_the_example_of_appendix_b() -> None:
    """Appendix B, §4.6; Authlib computes the same."""
    pkce.verify(VERIFIER, CHALLENGE, pkce.S256)
    assert create_s256_code_challenge(VERIFIER) == CHALLENGE


def test_plain_compares_the_two() -> None:
    """§4.6: code_verifier == code_challenge; only where an operator turned the feature on."""
    pkce.verify(VERIFIER, VERIFIER, pkce.PLAIN)
    with pytest.raises(InvalidGrant):
        pkce.verify(CHALLENGE, VERIFIER, pkce.PLAIN)


@pytest.mark.parametrize("verifier", ["a", "a" * 42, "a" * 129, "a" * 42 + " ", "a" * 42 + "="])
@pytest.mark.django_db
def test_a_verifier_of_another_grammar_is_invalid_grant(
    app: Party, make_code: Callable[..., Code], verifier: str
) -> None:
    """§4.1: 43 to 128 unreserved characters, even where its hash would fit."""
    code = make_code(app, code_challenge=create_s256_code_challenge(verifier))
    refused = app.post("/oauth/token", grant_type="authorization_code", code=code.value, code_verifier=verifier)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("verifier", [VERIFIER[:-1] + "A", CHALLENGE, None])
@pytest.mark.django_db
def test_a_verifier_that_does_not_fit_is_invalid_grant(
    app: Party, make_code: Callable[..., Code], verifier: str | None
) -> None:
    """§4.6."""
    code = make_code(app, code_challenge=CHALLENGE)
    sent = {} if verifier is None else {"code_verifier": verifier}
    refused = app.post("/oauth/token", grant_type="authorization_code", code=code.value, **sent)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("challenge", ["a" * 42, "a" * 129, "a" * 42 + "=", "a" * 42 + "+"])
@pytest.mark.django_db
def test_a_challenge_that_is_none_is_invalid_request(app: Party, browser: Browser, challenge: str) -> None:
    """§4.2: 43 to 128 unreserved characters; §4.4.1: invalid_request."""
    assert answer(browser.authorize(app, code_challenge=challenge))["error"] == "invalid_request"


@pytest.mark.parametrize("odd", ['"', "\\", "é", "\n", "<x>", "\u202e"])
@pytest.mark.django_db
def test_an_error_holds_only_the_characters_that_it_may(app: Party, browser: Browser, odd: str) -> None:
    """RFC 6749 §4.1.2.1, §5.2: error_description MUST NOT hold quotes, backslashes or anything outside of ASCII."""
    for parameter in (
        "response_type",
        "scope",
        "prompt",
        "max_age",
        "claims",
        "response_mode",
        "code_challenge_method",
    ):
        members = answer(browser.authorize(app, **{parameter: f"code{odd}"}))
        assert ALLOWED.fullmatch(members["error"])
        assert ALLOWED.fullmatch(members["error_description"]), (parameter, members)
    for form in ({"grant_type": odd}, {"grant_type": "authorization_code", "code": odd}, {"scope": odd}):
        refused = app.post("/oauth/token", **form).json()
        assert ALLOWED.fullmatch(refused["error_description"]), refused
