"""What has a budget of instructions: the pure parts of a request, and whole requests as the app server hands them in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone

from oauth_server import short_way
from oauth_server.authorize import checks
from oauth_server.clients.authenticate import Credentials, authenticate
from oauth_server.endpoints.base import limits
from oauth_server.grants import client_credentials, refresh_token
from oauth_server.jose import algorithms
from oauth_server.jose.verify import verify
from oauth_server.keys import store
from oauth_server.protocol import parameters as front_door
from oauth_server.protocol import pkce as pkces
from oauth_server.protocol import uris
from oauth_server.tokens import access_token, id_token, introspection
from oauth_server.tokens.authorization import Authorization
from oauth_server.tokens.find import find
from tests.support.front_channel import CHALLENGE, VERIFIER, Browser, request_of
from tests.support.parties import REDIRECT, Code, Party, application
from tests.support.wsgi import environ

Do = Callable[[], object]
_USERINFO: Final = "/oauth/userinfo"


@dataclass
class Workshop:
    """Who takes part.

    Attributes:
        app: whose access tokens are JWTs.
        opaque: whose are not.
        service: asks for itself.
        browser: in which somebody is signed in who allowed ``app`` before.
        redeem: a code becomes tokens.
        make_code: a fresh code.
    """

    app: Party
    opaque: Party
    service: Party
    browser: Browser
    redeem: Callable[..., dict[str, Any]]
    make_code: Callable[..., Code]


def _header(party: Party) -> str:
    return "Basic " + base64.b64encode(":".join(party.basic).encode()).decode()


def _nobody_else(asked: dict[str, Any], _: Any) -> Iterable[bytes]:
    raise AssertionError(asked["PATH_INFO"])


def _request(party: Party | None, method: str, address: str, **form: str) -> Do:
    """A machine endpoint, as ``oauth_server.wsgi`` answers it."""
    app = short_way.shortened(_nobody_else)
    headers = {"HTTP_AUTHORIZATION": _header(party)} if party else {}
    asked = environ(method, address, urlencode(form).encode(), **headers)
    return lambda: _answer(app, asked, "200")


def _answer(app: Any, asked: dict[str, Any], status: str) -> bytes:
    said: list[str] = []
    content = b"".join(app(asked, lambda line, _: said.append(line)))
    assert said[0].startswith(status), (said, content[:500])
    return content


def client_credentials_form(w: Workshop) -> Do:
    form = urlencode({"grant_type": "client_credentials", "scope": "api:read"}).encode()
    return lambda: front_door.parse(form, limits())


def client_authentication(w: Workshop) -> Do:
    given = Credentials(
        _header(w.service), front_door.parse(b"grant_type=client_credentials"), f"{settings.ISSUER}/oauth/token"
    )
    return lambda: authenticate(given, timezone.now())


def pkce(w: Workshop) -> Do:
    return lambda: pkces.verify(VERIFIER, CHALLENGE, pkces.S256)


def redirect_uri(w: Workshop) -> Do:
    registered = ("https://app.example/other", "http://127.0.0.1/callback", REDIRECT)
    return lambda: uris.matches(REDIRECT, registered)


def redirect_uri_on_loopback(w: Workshop) -> Do:
    registered = ("https://app.example/other", "http://127.0.0.1/callback", REDIRECT)
    return lambda: uris.matches("http://127.0.0.1:51004/callback", registered)


def authorization_request(w: Workshop) -> Do:
    given = front_door.parse(urlencode(request_of(w.app, scope="openid profile offline_access")).encode())

    def judge() -> None:
        client = checks.asker(given)
        checks.judge(given, checks.destination(given, client), timezone.now())

    return judge


def access_token_minted(w: Workshop) -> Do:
    form = front_door.parse(b"grant_type=client_credentials&scope=api:read")
    given = client_credentials.decide(form, w.service.registered, timezone.now())
    assert isinstance(given, Authorization)
    return lambda: access_token.mint(given, timezone.now(), _nobody, given.of_the_sign_in())


def _nobody() -> Any:
    raise AssertionError("a client has no person")


def id_token_minted(w: Workshop) -> Do:
    form = front_door.parse(urlencode({"refresh_token": w.redeem(w.app)["refresh_token"]}).encode())
    given = refresh_token.decide(form, w.app.registered, timezone.now())
    assert isinstance(given, Authorization)
    return lambda: id_token.mint(given, timezone.now(), given.of_the_sign_in(), access_token="a" * 800, claims=None)


def signature_verified(w: Workshop) -> Do:
    token, keys = w.redeem(w.app)["access_token"], store.verification_keys()
    return lambda: verify(token, keys, algorithms=algorithms.ACCESS_TOKEN, typ=access_token.JWT_TYPES)


def introspection_decided(w: Workshop) -> Do:
    found = find(w.redeem(w.app)["access_token"], timezone.now())
    assert found
    return lambda: introspection.may_know(w.app.registered, found)


def introspection_described(w: Workshop) -> Do:
    found = find(w.redeem(w.app)["access_token"], timezone.now())
    assert found
    return lambda: introspection.describe(found)


def token_for_itself(w: Workshop) -> Do:
    return _request(w.service, "POST", "/oauth/token", grant_type="client_credentials", scope="api:read")


def refresh(w: Workshop) -> Do:
    token = w.redeem(w.app)["refresh_token"]
    return _request(w.app, "POST", "/oauth/token", grant_type="refresh_token", refresh_token=token)


def code(w: Workshop) -> Do:
    made = w.make_code(w.app)
    given = {"code": made.value, "code_verifier": made.verifier, "redirect_uri": made.redirect_uri}
    return _request(w.app, "POST", "/oauth/token", grant_type="authorization_code", **given)


def introspection_of_a_jwt(w: Workshop) -> Do:
    return _request(w.app, "POST", "/oauth/introspect", token=w.redeem(w.app)["access_token"])


def introspection_of_an_opaque_token(w: Workshop) -> Do:
    return _request(w.opaque, "POST", "/oauth/introspect", token=w.redeem(w.opaque)["access_token"])


def userinfo(w: Workshop) -> Do:
    app = short_way.shortened(_nobody_else)
    asked = environ("GET", _USERINFO, HTTP_AUTHORIZATION=f"Bearer {w.redeem(w.app)['access_token']}")
    return lambda: _answer(app, asked, "200")


def revocation(w: Workshop) -> Do:
    return _request(w.app, "POST", "/oauth/revoke", token=w.redeem(w.app)["refresh_token"])


def jwks(w: Workshop) -> Do:
    return _request(None, "GET", "/oauth/jwks")


def discovery(w: Workshop) -> Do:
    return _request(None, "GET", "/.well-known/openid-configuration")


def authorization_that_asks_nothing(w: Workshop) -> Do:
    cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in w.browser.http.cookies.items())
    asked = environ(
        "GET", "/oauth/authorize", query=urlencode(request_of(w.app)), HTTP_COOKIE=cookies, HTTP_HOST="127.0.0.1"
    )
    return lambda: _answer(application, asked, "303")


def es256_signature(w: Workshop) -> Do:
    signer = store.signer("ES256")
    return lambda: signer.sign({"sub": "somebody"}, "JWT")


def rs256_signature(w: Workshop) -> Do:
    signer = store.signer("RS256")
    return lambda: signer.sign({"sub": "somebody"}, "JWT")


# The name in bench/budgets.json → what is counted; pure parts first.
BUDGETED: Final[dict[str, Callable[[Workshop], Do]]] = {
    "a form through the front door": client_credentials_form,
    "client authentication by HMAC": client_authentication,
    "PKCE (S256)": pkce,
    "redirect URI": redirect_uri,
    "redirect URI on loopback": redirect_uri_on_loopback,
    "authorization request judged": authorization_request,
    "access token minted (JWT)": access_token_minted,
    "ID token minted": id_token_minted,
    "a signature (ES256)": es256_signature,
    "a signature (RS256)": rs256_signature,
    "signature of an access token verified": signature_verified,
    "introspection: who may know": introspection_decided,
    "introspection: the answer": introspection_described,
    "request: client credentials": token_for_itself,
    "request: refresh": refresh,
    "request: code": code,
    "request: introspection of a JWT": introspection_of_a_jwt,
    "request: introspection of an opaque token": introspection_of_an_opaque_token,
    "request: userinfo": userinfo,
    "request: revocation": revocation,
    "request: JWK Set": jwks,
    "request: discovery": discovery,
    "request: authorization that asks nothing": authorization_that_asks_nothing,
}
PURE: Final = tuple(name for name in BUDGETED if not name.startswith("request: "))
