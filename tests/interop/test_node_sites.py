"""Web applications on Express that leave signing in to Gatehouse: Auth.js, express-openid-connect and Passport, unmodified."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.live import EMAIL, Live, live_server
from tests.support.person import Person
from tests.support.sites import said, site

HERE = Path(__file__).parent / "node"


def test_express_openid_connect(node: str, live: Live, person: Person, tmp_path: Path) -> None:
    """7, 19, 20: code with PKCE, userinfo, refresh, and sign-out at both."""
    with site(live, [node, f"{HERE}/express_openid_connect.mjs"], "/callback", tmp_path, {}) as address:
        person.go(f"{address}/")
        assert said(person)["info"]["email"] == EMAIL
        person.go(f"{address}/renew")
        assert said(person) == {"isNew": True}
        person.go(f"{address}/logout", f"{address}")
        person.pressed.clear()
        person.go(f"{address}/")
        assert "id_submit" in person.pressed


def test_express_openid_connect_as_it_comes(node: str, person: Person, tmp_path: Path) -> None:
    """Core §3.2: by default it takes an ID token by form_post, and no more; an operator turns that on."""
    parameters = {
        "response_type": "id_token",
        "response_mode": "form_post",
        "scope": "openid profile email",
        "prompt": "",
    }
    metadata = {
        "profile": "openid",
        "response_types": ["id_token"],
        "grant_types": ["implicit"],
        "application_type": "native",
    }
    with (
        live_server(FEATURES="implicit") as live,
        site(
            live,
            [node, f"{HERE}/express_openid_connect.mjs"],
            "/callback",
            tmp_path,
            {"parameters": parameters},
            **metadata,
        ) as address,
    ):
        person.go(f"{address}/", press=("id_allow", "id_continue"))
        assert said(person)["claims"]["email"] == EMAIL


def test_passport(node: str, live: Live, person: Person, tmp_path: Path) -> None:
    """6, 15: no PKCE, the secret in the form."""
    metadata = {"profile": "openid", "token_endpoint_auth_method": "client_secret_post", "id_token_claims": True}
    with site(live, [node, f"{HERE}/passport.mjs"], "/callback", tmp_path, {}, **metadata) as address:
        person.go(f"{address}/login")
        user = said(person)["user"]
        assert (user["issuer"], user["displayName"], user["emails"]) == (
            live.issuer,
            "Alice Example",
            [{"value": EMAIL}],
        )


@pytest.mark.parametrize("checks", [["pkce", "state", "nonce"], ["pkce"]])
def test_auth_js(node: str, live: Live, person: Person, tmp_path: Path, checks: list[str]) -> None:
    """3: it never asks userinfo for an OpenID provider, so the claims must stand in the ID token."""
    with site(
        live,
        [node, f"{HERE}/auth_js.mjs"],
        "/auth/callback/gatehouse",
        tmp_path,
        {"options": {"checks": checks}},
        id_token_claims=True,
    ) as address:
        token = person.browser.get(f"{address}/auth/csrf").json()["csrfToken"]
        away = person.browser.post(f"{address}/auth/signin/gatehouse", data={"csrfToken": token})
        person.go(away.headers["Location"])
        person.go(f"{address}/")
        assert said(person)["user"]["email"] == EMAIL
