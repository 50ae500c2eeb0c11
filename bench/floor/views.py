"""The views. Each does its job with one statement through Django's cursor, and signs as Gatehouse does for the client of the bench."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from oauth_server.jose.sign import Signer, private_signer

_FOLDER: Final = Path(os.environ["FLOOR_FOLDER"])
_ES256: Final = private_signer("es", "ES256", (_FOLDER / "es256.der").read_bytes())
_RS256: Final = private_signer("rs", "RS256", (_FOLDER / "rs256.der").read_bytes())
_SECRET: Final = (_FOLDER / "secret").read_text("ascii")
_PEPPER: Final = b"pepper" * 6
_DIGEST: Final = hmac.digest(_PEPPER, _SECRET.encode(), "sha256")
_ISSUER: Final = "http://127.0.0.1:8000"

_FOUND: Final = (
    "SELECT f.id, f.person, f.scope, f.expires, f.revoked_at, p.name, p.is_active FROM access_token t JOIN family f ON f.id = t.family"
    " JOIN person p ON p.id = f.person WHERE t.digest = %s"
)
_ROTATE: Final = (
    "WITH spent AS (UPDATE refresh_token SET used_at = now() WHERE digest = %s AND used_at IS NULL AND expires > now() RETURNING family),"
    " added AS (INSERT INTO refresh_token (digest, family, created, expires) SELECT %s, family, now(), now() + interval '30 days' FROM spent)"
    " SELECT f.id, f.person, f.scope FROM spent JOIN family f ON f.id = spent.family"
)
_REDEEM: Final = (
    "WITH spent AS (UPDATE code SET used_at = now() WHERE digest = %s AND used_at IS NULL AND expires > now() RETURNING person, scope, challenge),"
    " made AS (INSERT INTO family (id, person, scope, created, expires) SELECT %s, person, scope, now(), now() + interval '30 days' FROM spent),"
    " added AS (INSERT INTO refresh_token (digest, family, created, expires) SELECT %s, %s, now(), now() + interval '30 days' FROM spent)"
    " SELECT person, scope, challenge FROM spent"
)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


def _is_client(request: HttpRequest) -> bool:
    given = base64.b64decode(request.META["HTTP_AUTHORIZATION"][6:]).partition(b":")[2]
    return hmac.compare_digest(hmac.digest(_PEPPER, given, "sha256"), _DIGEST)


def _row(statement: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()


def _answer(members: dict[str, Any]) -> HttpResponse:
    return HttpResponse(orjson.dumps(members), content_type="application/json", headers={"Cache-Control": "no-store"})


def _access_token(sub: str, scope: str) -> str:
    now = int(time.time())
    claims = {"iss": _ISSUER, "sub": sub, "aud": _ISSUER, "client_id": "floor", "iat": now, "exp": now + 300, "jti": secrets.token_urlsafe(12), "scope": scope}  # fmt: skip
    return _ES256.sign(claims, "at+jwt")


def _id_token(signer: Signer, sub: str) -> str:
    now = int(time.time())
    return signer.sign(
        {"iss": _ISSUER, "sub": sub, "aud": "floor", "iat": now, "exp": now + 300, "auth_time": now}, "JWT"
    )


def client_credentials(request: HttpRequest) -> HttpResponse:
    """HMAC, ES256."""
    if not _is_client(request) or request.POST["grant_type"] != "client_credentials":
        return HttpResponse(status=401)
    return _answer(
        {"access_token": _access_token("floor", request.POST["scope"]), "token_type": "Bearer", "expires_in": 300}
    )


def introspect(request: HttpRequest) -> HttpResponse:
    """HMAC, one look-up."""
    if not _is_client(request):
        return HttpResponse(status=401)
    found = _row(_FOUND, _digest(request.POST["token"]))
    if found is None or found[4] is not None or not found[6]:
        return _answer({"active": False})
    return _answer(
        {
            "active": True,
            "sub": str(found[1]),
            "scope": found[2],
            "exp": int(found[3].timestamp()),
            "username": found[5],
        }
    )


def userinfo(request: HttpRequest) -> HttpResponse:
    """One look-up."""
    found = _row(_FOUND, _digest(request.META["HTTP_AUTHORIZATION"][7:]))
    if found is None or found[4] is not None or not found[6]:
        return HttpResponse(status=401)
    return _answer({"sub": str(found[1]), "name": found[5]})


def _tokens(sub: str, scope: str, refresh_token: str, signer: Signer) -> HttpResponse:
    return _answer(
        {"access_token": _access_token(sub, scope), "token_type": "Bearer", "expires_in": 300, "refresh_token": refresh_token, "id_token": _id_token(signer, sub)}
    )  # fmt: skip


def _refresh(signer: Signer) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        if not _is_client(request):
            return HttpResponse(status=401)
        successor = secrets.token_urlsafe(32)
        found = _row(_ROTATE, _digest(request.POST["refresh_token"]), _digest(successor))
        return _tokens(str(found[1]), found[2], successor, signer) if found else HttpResponse(status=400)

    return csrf_exempt(view)


def _code(signer: Signer) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        if not _is_client(request):
            return HttpResponse(status=401)
        made, family = secrets.token_urlsafe(32), uuid.uuid4()
        found = _row(_REDEEM, _digest(request.POST["code"]), family, _digest(made), family)
        if found is None or found[2] != base64.urlsafe_b64encode(
            _digest(request.POST["code_verifier"])
        ).decode().rstrip("="):
            return HttpResponse(status=400)
        return _tokens(str(found[0]), found[1], made, signer)

    return csrf_exempt(view)


urlpatterns = [
    path("ready", lambda _: HttpResponse()),
    path("client_credentials", csrf_exempt(client_credentials)),
    path("introspect", csrf_exempt(introspect)),
    path("userinfo", userinfo),
    path("refresh/RS256", _refresh(_RS256)),
    path("refresh/ES256", _refresh(_ES256)),
    path("code/RS256", _code(_RS256)),
    path("code/ES256", _code(_ES256)),
]
