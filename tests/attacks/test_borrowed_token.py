"""An API that was given an access token must not read the person's claims with it (RFC 9068 §4, RFC 8707 §3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.parties import BASE, Code, Party

pytestmark = pytest.mark.django_db

API = "https://api.example"
USERINFO = f"{BASE}/oauth/userinfo"
Tokens = Callable[..., dict[str, Any]]


@pytest.fixture
def tokens(make_code: Callable[..., Code]) -> Tokens:
    """The answer to a code, with whatever resources are asked for."""

    def get(app: Party, *resources: str, scope: str = "openid email") -> dict[str, Any]:
        code = make_code(app, scope=scope)
        answer: dict[str, Any] = app.post(
            "/oauth/token",
            grant_type="authorization_code",
            code=code.value,
            code_verifier=code.verifier,
            resource=list(resources),
        ).json()
        return answer

    return get


def ask(app: Party, token: dict[str, Any]) -> Any:
    return app.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {token['access_token']}"})


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_a_token_for_another_resource_opens_no_userinfo(
    make_client: Callable[..., Party], tokens: Tokens, access_token_format: str
) -> None:
    """RFC 6750 §3.1: invalid_token. OpenID Connect Core §16.8."""
    app = make_client(audience=[API], access_token_format=access_token_format)
    refused = ask(app, tokens(app, API))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
@pytest.mark.parametrize("audience", [[], [API]])
@pytest.mark.parametrize("resources", [(), (USERINFO,)])
def test_a_token_that_names_userinfo_or_this_server_opens_it(
    make_client: Callable[..., Party],
    tokens: Tokens,
    access_token_format: str,
    audience: list[str],
    resources: tuple[str, ...],
) -> None:
    """OpenID Connect Core §5.3: a client with an API of its own signs people in all the same, and its tokens say so."""
    app = make_client(audience=audience, access_token_format=access_token_format)
    token = tokens(app, *resources)
    assert ask(app, token).json()["email"]
    named = app.introspect(token["access_token"])["aud"]
    assert {BASE, USERINFO} & set([named] if isinstance(named, str) else named)


def test_without_openid_a_token_names_the_api_alone(make_client: Callable[..., Party], tokens: Tokens) -> None:
    """RFC 8707 §5: no token is for more places than it is good for. RFC 9700 §2.3."""
    app = make_client(audience=[API], scope="openid orders:read")
    token = tokens(app, scope="orders:read")
    assert app.introspect(token["access_token"])["aud"] == API
    assert ask(app, token).status_code == 401
