"""Thousands of requests that no honest client sends: never a 5xx, never a redirect to an unregistered address (S-01)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from django.core.wsgi import get_wsgi_application
from pytest_django.fixtures import Settings

from tests.support import hostile
from tests.support.hostile import REDIRECT, Endpoint, Request
from tests.support.parties import Code, Party

# Real transactions: on PostgreSQL a failed statement inside the test's own would fail all that follow.
application = get_wsgi_application()

pytestmark = pytest.mark.django_db(transaction=True)


# Requests that are right but for what only a browser that began the journey has, or only an operator.
REFUSED = {
    "assertion": 401, "consent": 400, "resume": 400, "select": 400, "metrics": 401, "credentials": 400,
}  # fmt: skip


def _fields(members: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), quote(value, safe="").encode()) for name, value in members.items())


@pytest.fixture
def endpoints(
    app: Party, make_client: Callable[..., Party], make_code: Callable[..., Code], settings: Settings
) -> dict[str, Endpoint]:
    """A right request to every address."""
    settings.THROTTLES = False  # a form that is refused unread proves nothing
    token = "a" * 32
    browser = {"Cookie": f"{settings.CSRF_COOKIE_NAME}={token}"}
    poster = make_client(
        token_endpoint_auth_method="client_secret_post", post_logout_redirect_uris=[REDIRECT], introspects=["*"]
    )
    pair = base64.b64encode(f"{app.client_id}:{app.secret}".encode()).decode()
    basic = {"Authorization": f"Basic {pair}"}
    code = make_code(app)
    given = app.post(
        "/oauth/token", grant_type="authorization_code", code=code.value, code_verifier=code.verifier
    ).json()
    spare, posted = make_code(app), make_code(poster)
    own = poster.http.post("/oauth/token", data={"grant_type": "authorization_code", "code": posted.value,
                           "code_verifier": posted.verifier, "client_id": poster.client_id, "client_secret": poster.secret})  # fmt: skip
    access, refresh, identity = given["access_token"], given["refresh_token"], given["id_token"]
    client = {"client_id": poster.client_id, "client_secret": poster.secret}
    asked = {
        "response_type": "code", "client_id": app.client_id, "redirect_uri": REDIRECT, "scope": "openid profile",
        "state": "xyz", "nonce": "n-1", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256", "response_mode": "query", "prompt": "login", "max_age": "60", "display": "page",
        "ui_locales": "en", "id_token_hint": identity, "login_hint": "olena", "acr_values": "1",
    }  # fmt: skip
    unread = {"claims": "{}", "request": "a.b.c", "request_uri": "urn:x", "resource": "https://api.example"}
    assertion = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "a.b.c",
    }
    logout = {"id_token_hint": own.json()["id_token"], "client_id": poster.client_id, "post_logout_redirect_uri": REDIRECT,
              "state": "x", "logout_hint": "olena", "ui_locales": "en"}  # fmt: skip
    login = {"login": "olena", "password": "wrong", "next": "/account/", "remember": "on", "csrfmiddlewaretoken": token}
    posts = {
        "code": ("client", "/oauth/token", {"grant_type": "authorization_code", "code": spare.value, "redirect_uri": REDIRECT,
                                            "code_verifier": spare.verifier}, basic),
        "refresh": ("client", "/oauth/token", {"grant_type": "refresh_token", "refresh_token": refresh, "scope": "openid"}, basic),
        "credentials": ("client", "/oauth/token", {"grant_type": "client_credentials", "scope": "x", **client}, {}),
        "assertion": ("client", "/oauth/token", {"grant_type": "client_credentials", **assertion}, {}),
        "introspect": ("client", "/oauth/introspect", {"token": access, "token_type_hint": "access_token"}, basic),
        "introspect refresh": ("client", "/oauth/introspect", {"token": refresh, **client}, {}),
        "revoke": ("client", "/oauth/revoke", {"token": "x", "token_type_hint": "access_token", **client}, {}),
        "userinfo form": ("bearer", "/oauth/userinfo", {"access_token": access}, {}),
        "authorize form": ("page", "/oauth/authorize", asked, {}),
        "logout form": ("page", "/oauth/logout", logout, {}),
        "login": ("page", "/account/login/", login, browser),
        "consent": ("page", "/oauth/consent/gth_in_x", {"decision": "allow", "csrfmiddlewaretoken": token}, browser),
    }  # fmt: skip
    gets = {
        "authorize": ("page", "/oauth/authorize", asked | unread, {}),
        "resume": ("page", "/oauth/authorize/gth_in_x", {"x": "y"}, {}),
        "select": ("page", "/oauth/select-account/gth_in_x", {"x": "y"}, {}),
        "logout": ("page", "/oauth/logout", logout, {}),
        "login page": ("page", "/account/login/", {"next": "/account/", "prompt": "login"}, {}),
        "userinfo": ("bearer", "/oauth/userinfo", {"x": "y"}, {"Authorization": f"Bearer {access}"}),
        "discovery": ("public", "/.well-known/openid-configuration", {"x": "y"}, {}),
        "metadata": ("public", "/.well-known/oauth-authorization-server", {"x": "y"}, {}),
        "keys": ("public", "/oauth/jwks", {"x": "y"}, {}),
        "ready": ("public", "/health/ready", {"x": "y"}, {}),
        "metrics": ("bearer", "/metrics", {"x": "y"}, {}),
    }
    made = {}
    for method, table in (("POST", posts), ("GET", gets)):
        for name, (kind, path, members, headers) in table.items():
            made[name] = Endpoint(Request(name, path, method, _fields(members), headers), kind)
    return made


def requests(endpoint: Endpoint) -> Iterator[Request]:
    """Everything that is tried on one address."""
    yield from hostile.mutations(endpoint.request)
    yield from hostile.distortions(endpoint.request)


def test_no_hostile_request_gets_a_server_error_or_leads_a_browser_astray(
    endpoints: dict[str, Endpoint],
) -> None:
    """RFC 6749 §3.1.2.4, §5.2; RFC 6750 §3.1; scorecard S-01."""
    logging.disable(logging.CRITICAL)
    count, found = 0, []
    try:
        for endpoint in endpoints.values():
            for request in requests(endpoint):
                count += 1
                try:
                    answer = hostile.call(application, request.as_environ())
                except Exception as error:  # a server would say 500
                    found.append(f"{request.name}: raised {error!r}"[:300])
                    continue
                found += [f"{request.name}: {wrong}" for wrong in hostile.wrongs(endpoint, request, *answer)]
    finally:
        logging.disable(logging.NOTSET)
    assert count >= 5_000
    assert not found, f"{len(found)} of {count}:\n" + "\n".join(found[:80])


def test_the_right_requests_are_right(endpoints: dict[str, Endpoint]) -> None:
    """Otherwise the corpus would bend what is refused anyway."""
    got = {name: hostile.call(application, one.request.as_environ())[0] for name, one in endpoints.items()}
    assert {name: status for name, status in got.items() if status not in {200, 303}} == REFUSED
