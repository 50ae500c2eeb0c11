"""Web applications that leave signing in to Gatehouse, each with a library of its own, in a process of its own.

mozilla-django-oidc, django-allauth's openid_connect provider, python-social-auth and Flask-OIDC are unmodified and configured as
their documentation says; the programs are in ``relying_parties``. They live on http://localhost:PORT, a web client's
address in development (11 of the interoperability list).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.live import EMAIL, Live
from tests.support.person import Person
from tests.support.sites import said, site

HERE = Path(__file__).parent / "relying_parties"
ALICE = {"email": EMAIL, "first_name": "Alice"}


def command(name: str) -> list[str]:
    return [sys.executable, str(HERE / f"{name}.py")]


MOZILLA: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as it comes, without PKCE": ({}, {"profile": "openid", "token_endpoint_auth_method": "client_secret_post"}),
    "with PKCE": ({"pkce": True}, {"token_endpoint_auth_method": "client_secret_post"}),
    "with PKCE, Basic, ES256": ({"pkce": True}, {"id_token_signed_response_alg": "ES256"}),
}


@pytest.mark.parametrize("way", MOZILLA)
def test_mozilla_django_oidc(live: Live, person: Person, tmp_path: Path, way: str) -> None:
    """6, 7, 11, 20: log in, come back silently, log out there too."""
    given, metadata = MOZILLA[way]
    with site(live, command("mozilla"), "/oidc/callback/", tmp_path, given, **metadata) as address:
        person.go(f"{address}/oidc/authenticate/?next=/private")
        user = said(person)["user"]
        assert user["email"] == EMAIL
        person.go(f"{address}/oidc/logout/")
        assert str(person.page.url) == f"{address}/"
        assert said(person) == {"user": None}
        person.pressed.clear()
        person.go(f"{address}/oidc/authenticate/")
        assert "id_submit" in person.pressed, "the sign-in at the server was over"


def test_mozilla_django_oidc_renews_silently(live: Live, person: Person, tmp_path: Path) -> None:
    """21: its middleware sends the browser with prompt=none, and signs the person out when that is refused."""
    with site(
        live,
        command("mozilla"),
        "/oidc/callback/",
        tmp_path,
        {"pkce": True, "renew_after": 0},
        token_endpoint_auth_method="client_secret_post",
    ) as address:
        person.go(f"{address}/oidc/authenticate/")
        person.pressed.clear()
        person.go(f"{address}/private", f"{address}/private")
        assert person.pressed == []
        person.go(f"{live.issuer}/oauth/logout")
        refused = person.go(f"{address}/private", f"{address}/oidc/callback/")
        assert parse_qs(urlsplit(refused).query)["error"] == ["login_required"]
        person.go(refused)
        assert said(person) == {"user": None}


def test_mozilla_django_oidc_protects_an_api(live: Live, person: Person, tmp_path: Path) -> None:
    """2: its DRF class takes our access token and asks userinfo; a refusal there is a 401 here."""
    other = live.client(redirect_uris=["http://127.0.0.1:25900/callback"], profile="openid")
    with site(live, command("mozilla"), "/oidc/callback/", tmp_path, {}, profile="openid") as address:
        query = httpx2.QueryParams(
            client_id=other["client_id"],
            redirect_uri="http://127.0.0.1:25900/callback",
            response_type="code",
            scope="openid email",
        )
        back = person.go(f"{live.issuer}/oauth/authorize?{query}", "http://127.0.0.1:25900/callback")
        form = {"grant_type": "authorization_code", "code": parse_qs(urlsplit(back).query)["code"][0]}
        token = httpx2.post(
            f"{live.issuer}/oauth/token",
            data=form | {"redirect_uri": "http://127.0.0.1:25900/callback"},
            auth=(other["client_id"], other["client_secret"]),
        ).json()["access_token"]
        good = httpx2.get(f"{address}/api", headers={"Authorization": f"Bearer {token}"})
        assert good.json() == {"email": EMAIL}
        bad = httpx2.get(f"{address}/api", headers={"Authorization": f"Bearer {token}x"})
        assert (bad.status_code, "Bearer" in bad.headers["WWW-Authenticate"]) == (401, True)


ALLAUTH: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "by discovery, without PKCE": ({}, {"profile": "openid", "token_endpoint_auth_method": "client_secret_post"}),
    "PKCE and Basic": ({"oauth_pkce_enabled": True, "token_auth_method": "client_secret_basic"}, {}),
    "claims in the ID token alone": (
        {"oauth_pkce_enabled": True, "token_auth_method": "client_secret_basic", "fetch_userinfo": False},
        {"id_token_claims": True},
    ),
}


@pytest.mark.parametrize("way", ALLAUTH)
def test_django_allauth(live: Live, person: Person, tmp_path: Path, way: str) -> None:
    """3, 6, 15: it makes the person out of userinfo, or out of the ID token."""
    settings, metadata = ALLAUTH[way]
    callback = "/accounts/oidc/gatehouse/login/callback/"
    with site(live, command("allauth_site"), callback, tmp_path, {"settings": settings}, **metadata) as address:
        person.go(f"{address}/accounts/oidc/gatehouse/login/")
        page = said(person)
        assert ALICE.items() <= page["user"].items()
        source = page["extra"]["id_token" if "fetch_userinfo" in settings else "userinfo"]
        assert (source["email"], source["sub"]) == (EMAIL, page["uid"])


SOCIAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "without PKCE": ({}, {"profile": "openid"}),
    "PKCE and post": (
        {"USE_PKCE": True, "TOKEN_ENDPOINT_AUTH_METHOD": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_post"},
    ),
}


@pytest.mark.parametrize("way", SOCIAL)
def test_python_social_auth(live: Live, person: Person, tmp_path: Path, way: str) -> None:
    """8, 9, 19: it checks at_hash, iat with one second of leeway, nonce and iss, and refreshes."""
    settings, metadata = SOCIAL[way]
    given = {"settings": settings}
    with site(live, command("social"), "/complete/oidc/", tmp_path, given, **metadata) as address:
        person.go(f"{address}/door", press=("id_begin", "id_allow"))
        page = said(person)
        assert ALICE.items() <= page["user"].items()
        assert page["uid"]
        person.go(f"{address}/renew")
        assert said(person) == {"is_new": True}


def test_flask_oidc(live: Live, person: Person, tmp_path: Path) -> None:
    """13, 14: a page behind require_login, and an API that asks introspection."""
    metadata = {"profile": "openid", "token_endpoint_auth_method": "client_secret_post"}
    with site(
        live, command("flask_site"), "/authorize", tmp_path, {}, scope="openid email profile notes:read", **metadata
    ) as address:
        person.go(f"{address}/")
        page = said(person)
        assert page["user"]["email"] == EMAIL
        good = httpx2.get(f"{address}/api", headers={"Authorization": f"Bearer {page['token']}"})
        assert good.json() == {"allowed": True}
        assert httpx2.get(f"{address}/api", headers={"Authorization": "Bearer x"}).status_code == 401
