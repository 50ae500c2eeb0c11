"""RFC 6750: Django and Django REST framework views that only our access tokens open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import Client as Browser
from django.urls import path
from django.utils import timezone
from pytest_django.fixtures import Settings
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_server.protocol.errors import TemporarilyUnavailable
from oauth_server.resource_server.decorators import protected
from oauth_server.resource_server.rest_framework import GatehouseAuthentication, HasScopes, has_scopes
from oauth_server.resource_server.token import BearerToken
from oauth_server.tokens.find import find
from oauth_server.tokens.revoke import revoke_found
from tests.support.access import MIDDLEWARE, make_client, make_user, token_set


class Away:
    """A verifier that cannot tell."""

    def verify(self, token: str, now: datetime, scopes: Collection[str] = ()) -> BearerToken:
        raise TemporarilyUnavailable


@protected(["notes:read"])
def notes(request: HttpRequest) -> JsonResponse:
    token: BearerToken = request.token  # type: ignore[attr-defined]
    return JsonResponse({"sub": token.subject, "client": token.client_id, "method": request.method})


def whoami(request: HttpRequest) -> JsonResponse:
    token = getattr(request, "token", None)
    error = getattr(request, "token_error", None)
    return JsonResponse({"sub": token and token.subject, "error": error and error.error})


class Notes(APIView):
    authentication_classes = (GatehouseAuthentication,)
    permission_classes = (HasScopes,)
    required_scopes: ClassVar = {"GET": ["notes:read"], "POST": ["notes:read", "notes:write"]}

    def get(self, request: Request) -> Response:
        return Response({"sub": request.auth.subject, "user": str(request.user)})

    def post(self, request: Request) -> Response:
        return Response({"written": True})

    def delete(self, request: Request) -> Response:
        return Response({"deleted": True})


class Mine(APIView):
    authentication_classes = (GatehouseAuthentication,)
    permission_classes = (IsAuthenticated, has_scopes("notes:read"))

    def get(self, request: Request) -> Response:
        return Response({"user": request.user.get_username()})


urlpatterns = [
    path("notes", notes),
    path("whoami", whoami),
    path("drf/notes", Notes.as_view()),
    path("drf/mine", Mine.as_view()),
    path("away", protected(verifier=Away())(whoami)),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

VIEWS = ["/notes", "/drf/notes", "/drf/mine"]


@pytest.fixture(autouse=True)
def _project(settings: Settings) -> None:
    settings.MIDDLEWARE = MIDDLEWARE


def call(address: str, token: str = "", method: str = "get", **headers: str) -> Any:
    if token:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {token}", **headers}
    return getattr(Browser(enforce_csrf_checks=True), method)(address, **headers)


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
@pytest.mark.parametrize("address", VIEWS)
def test_a_token_with_the_scope_opens_the_view(address: str, token_format: str) -> None:
    """§2.1; the scheme's name has no case (RFC 9110 §11.1)."""
    client = make_client(access_token_format=token_format)
    token = token_set(client, user=make_user()).access_token
    assert call(address, token).status_code == 200
    assert call(address, HTTP_AUTHORIZATION=f"bearer {token}").status_code == 200


@pytest.mark.parametrize("address", VIEWS)
def test_without_a_token_the_challenge_has_no_error_code(address: str) -> None:
    """§3.1."""
    answer = call(address)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("address", VIEWS)
def test_a_token_that_is_no_token_is_refused_with_its_reason(address: str) -> None:
    """§3.1."""
    answer = call(address, "nonsense")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith('Bearer realm="api", error="invalid_token", error_description="')
    assert answer.json()["error"] == "invalid_token"


@pytest.mark.parametrize("address", VIEWS)
@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "Bearer a, Bearer b", 'Bearer a"b', "Bearer é"])
def test_a_malformed_header_is_a_bad_request(address: str, header: str) -> None:
    """§3.1: invalid_request is 400."""
    answer = call(address, HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("address", VIEWS)
def test_a_missing_scope_is_403_and_named(address: str) -> None:
    """§3.1."""
    answer = call(address, token_set(make_client(), "openid").access_token)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert 'scope="notes:read"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("address", VIEWS)
def test_a_token_in_the_query_or_the_form_is_not_seen(address: str) -> None:
    """RFC 9700 §4.3.2: a query ends up in logs."""
    token = token_set(make_client()).access_token
    assert call(f"{address}?access_token={token}").status_code == 401


@pytest.mark.parametrize("address", VIEWS)
def test_a_cookie_opens_nothing(address: str) -> None:
    """A page of another site can make a browser send cookies; it cannot make it send a token."""
    browser = Browser()
    browser.force_login(make_user(), backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(address).status_code == 401


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
@pytest.mark.parametrize("address", VIEWS)
def test_a_revoked_token_is_refused_at_once(address: str, token_format: str) -> None:
    """RFC 7009 §2."""
    token = token_set(make_client(access_token_format=token_format), user=make_user()).access_token
    found = find(token, timezone.now())
    assert found is not None
    revoke_found(found, timezone.now(), "test")
    assert call(address, token).status_code == 401


@pytest.mark.parametrize("address", VIEWS)
def test_refresh_tokens_and_id_tokens_open_nothing(address: str) -> None:
    """RFC 6749 §1.5, RFC 9068 §5."""
    tokens = token_set(make_client(), user=make_user(), refresh=True)
    assert tokens.refresh_token
    assert tokens.id_token
    assert call(address, tokens.refresh_token).status_code == 401
    assert call(address, tokens.id_token).status_code == 401


@pytest.mark.parametrize("address", VIEWS)
def test_a_token_for_another_resource_is_refused(address: str, settings: Settings) -> None:
    """RFC 8707 §3: aud is somebody else's API; a project names its own."""
    token = token_set(make_client(), audience=("https://notes.example/api",)).access_token
    assert call(address, token).status_code == 401
    settings.GATEHOUSE_RESOURCE_SERVER = {"AUDIENCE": "https://notes.example/api"}
    assert call(address, token).status_code == 200


@pytest.mark.parametrize("address", VIEWS)
def test_a_bound_token_is_no_bearer_token(address: str) -> None:
    """RFC 9449 §7.2."""
    client = make_client(access_token_format="opaque")
    token = token_set(client, confirmation={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}).access_token
    assert call(address, token).status_code == 401


def test_a_post_needs_no_csrf_token_and_per_method_scopes_count() -> None:
    """A request that carries its own credential cannot be forged by a page; a method without scopes is refused."""
    client = make_client()
    everything, reading = token_set(client).access_token, token_set(client, "notes:read").access_token
    assert call("/notes", everything, "post").json()["method"] == "POST"
    assert call("/drf/notes", everything, "post").status_code == 200
    assert call("/drf/notes", reading, "post").status_code == 403
    assert call("/drf/notes", everything, "delete").status_code == 403


def test_the_person_is_request_user_inside_the_server_and_the_client_is_itself() -> None:
    client, user = make_client(), make_user()
    assert call("/drf/mine", token_set(client, user=user).access_token).json() == {"user": user.get_username()}
    assert call("/drf/mine", token_set(client).access_token).json() == {"user": client.client_id}


def test_an_outage_is_503_with_a_time_to_come_back() -> None:
    """RFC 9110 §10.2.3: not the token's fault."""
    answer = call("/away", "token")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "WWW-Authenticate" not in answer


def test_the_middleware_looks_and_refuses_nothing(settings: Settings) -> None:
    settings.MIDDLEWARE = [*MIDDLEWARE, "oauth_server.resource_server.middleware.BearerTokenMiddleware"]
    user = make_user()
    token = token_set(make_client(), user=user).access_token
    assert call("/whoami", token).json() == {"sub": str(user.pk), "error": None}
    assert call("/whoami").json() == {"sub": None, "error": None}
    assert call("/whoami", "nonsense").json() == {"sub": None, "error": "invalid_token"}
    assert call("/whoami", HTTP_AUTHORIZATION="Basic YTpi").json() == {"sub": None, "error": None}
    assert "Authorization" in call("/whoami")["Vary"]
