"""Code written for django-oauth-toolkit works on our tokens: each view here has the shape of one in its documentation.

Only its resource side: authentication and permission classes, decorators, view mixins, backend and middleware.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client as Browser
from django.urls import path
from oauth2_provider.contrib.rest_framework import (
    IsAuthenticatedOrTokenHasScope,
    OAuth2Authentication,
    TokenHasReadWriteScope,
    TokenHasResourceScope,
    TokenHasScope,
    TokenMatchesOASRequirements,
)
from oauth2_provider.decorators import protected_resource, rw_protected_resource
from oauth2_provider.views.generic import (
    ProtectedResourceView,
    ReadWriteScopedResourceView,
    ScopedProtectedResourceView,
)
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_server.models import AccessToken
from tests.support.access import MIDDLEWARE, make_client, make_user, token_set


class Hello(ProtectedResourceView):
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("Hello, OAuth2!")


class Scoped(ScopedProtectedResourceView):
    required_scopes: ClassVar = ["notes:read"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return JsonResponse({"owner": str(request.resource_owner)})  # type: ignore[attr-defined]


class ReadWrite(ReadWriteScopedResourceView):
    required_scopes: ClassVar = ["notes:read"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("read")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("written")


class Songs(APIView):
    authentication_classes = (OAuth2Authentication,)
    permission_classes = (permissions.IsAuthenticated, TokenHasScope)
    required_scopes: ClassVar = ["notes:read"]

    def get(self, request: Request) -> Response:
        token = request.auth
        return Response(
            {
                "user": request.user.get_username(),
                "scope": token.scope,
                "token_user": token.user.get_username(),
                "client": token.application.client_id,
                "is_access_token": isinstance(token, AccessToken),
            }
        )


class Shapes(APIView):
    authentication_classes = (OAuth2Authentication,)

    def get(self, request: Request) -> Response:
        return Response("read")

    def post(self, request: Request) -> Response:
        return Response("written")


class ReadWriteSongs(Shapes):
    permission_classes = (TokenHasReadWriteScope,)


class ResourceSongs(Shapes):
    permission_classes = (TokenHasResourceScope,)
    required_scopes: ClassVar = ["notes"]


class OasSongs(Shapes):
    permission_classes = (TokenMatchesOASRequirements,)
    required_alternate_scopes: ClassVar = {"GET": [["notes:read"], ["everything"]], "POST": [["notes:write", "write"]]}


class BrowsableSongs(Shapes):
    permission_classes = (IsAuthenticatedOrTokenHasScope,)
    required_scopes: ClassVar = ["notes:read"]


@protected_resource(scopes=["notes:read"])
def decorated(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"owner": str(request.resource_owner)})  # type: ignore[attr-defined]


@rw_protected_resource()
def read_write(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.method))


def secret_page(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"user": request.user.get_username()})


ADDRESSES = {
    "hello": Hello.as_view(),
    "scoped": Scoped.as_view(),
    "rw": ReadWrite.as_view(),
    "songs": Songs.as_view(),
    "rw-songs": ReadWriteSongs.as_view(),
    "resource-songs": ResourceSongs.as_view(),
    "oas-songs": OasSongs.as_view(),
    "browsable-songs": BrowsableSongs.as_view(),
    "decorated": decorated,
    "read-write": read_write,
    "secret": secret_page,
}
urlpatterns = [path(f"dot/{name}", view) for name, view in ADDRESSES.items()]
PROTECTED = [f"/dot/{name}" for name in ADDRESSES if name != "secret"]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def _project(settings: Settings) -> None:
    settings.MIDDLEWARE = MIDDLEWARE


def call(address: str, token: str, method: str = "get", **more: Any) -> Any:
    return getattr(Browser(), method)(address, HTTP_AUTHORIZATION=f"Bearer {token}", **more)


@pytest.mark.parametrize("token_format", ["jwt", "opaque"])
@pytest.mark.parametrize("address", PROTECTED)
def test_our_tokens_open_its_views(address: str, token_format: str) -> None:
    token = token_set(make_client(access_token_format=token_format), user=make_user()).access_token
    assert call(address, token).status_code == 200


@pytest.mark.parametrize("address", PROTECTED)
def test_what_is_no_access_token_does_not(address: str) -> None:
    """ID tokens and refresh tokens are never a bearer (RFC 9068 §5, RFC 6749 §1.5), cookies neither."""
    tokens = token_set(make_client(), user=make_user(), refresh=True)
    for value in ("nonsense", "gth_at_x", "a.b.c", tokens.id_token, tokens.refresh_token):
        assert call(address, value).status_code in {401, 403}
    assert Browser().get(address).status_code in {401, 403}


@pytest.mark.parametrize("address", [name for name in PROTECTED if name != "/dot/hello"])
def test_a_token_without_the_scope_does_not(address: str) -> None:
    assert call(address, token_set(make_client(), "openid", make_user()).access_token).status_code == 403


def test_its_rest_framework_classes_know_user_token_and_client(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """request.user, request.auth with scope, user, application; the JWT costs one look at its family and one at its client."""
    client, user = make_client(), make_user()
    token = token_set(client, "notes:read", user).access_token
    call("/dot/hello", token)
    with django_assert_max_num_queries(2):
        answer = call("/dot/songs", token)
    assert answer.json() == {
        "user": user.get_username(),
        "scope": "notes:read",
        "token_user": user.get_username(),
        "client": client.client_id,
        "is_access_token": True,
    }


def test_its_rest_framework_challenge_names_the_error() -> None:
    """RFC 6750 §3."""
    answer = call("/dot/songs", "nonsense")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


def test_read_and_write_scopes_follow_the_method() -> None:
    client = make_client()
    reading = token_set(client, "read notes:read", make_user()).access_token
    writing = token_set(client, "write read notes:read notes:write").access_token
    for address in ("/dot/rw", "/dot/rw-songs", "/dot/resource-songs", "/dot/oas-songs", "/dot/read-write"):
        assert call(address, reading).status_code == 200, address
        assert call(address, reading, "post").status_code == 403, address
        if address != "/dot/rw":
            assert call(address, writing, "post").status_code == 200, address


def test_the_decorators_name_the_owner() -> None:
    user = make_user()
    token = token_set(make_client(), user=user).access_token
    assert call("/dot/decorated", token).json() == {"owner": str(user)}
    assert call("/dot/scoped", token).json() == {"owner": str(user)}


def test_its_middleware_and_backend_make_request_user(settings: Settings) -> None:
    settings.AUTHENTICATION_BACKENDS = ["oauth2_provider.backends.OAuth2Backend"]
    settings.MIDDLEWARE = [*MIDDLEWARE, "oauth2_provider.middleware.OAuth2TokenMiddleware"]
    client, user = make_client(), make_user()
    assert call("/dot/secret", token_set(client, user=user).access_token).json() == {"user": user.get_username()}
    # A client's own token stands for no person.
    assert call("/dot/secret", token_set(client).access_token).json() == {"user": ""}
    assert call("/dot/secret", "nonsense").json() == {"user": ""}


def test_a_token_for_another_resource_opens_its_own_address_alone(settings: Settings) -> None:
    """RFC 8707 §2: the toolkit compares aud with the address of the request."""
    settings.ALLOWED_HOSTS = ["testserver", "notes.example"]
    token = token_set(make_client(), user=make_user(), audience=("https://notes.example/dot/songs",)).access_token
    at_home = {"SERVER_NAME": "notes.example", "secure": True}
    assert call("/dot/songs", token, **at_home).status_code == 200
    assert call("/dot/songs", token).status_code == 401
    assert call("/dot/rw-songs", token, **at_home).status_code == 401
    assert call("/dot/decorated", token, **at_home).status_code == 403
    broker = token_set(make_client(), user=make_user("bob"), audience=("urn:broker",)).access_token
    assert call("/dot/songs", broker, **at_home).status_code == 401


@pytest.mark.parametrize("address", PROTECTED)
def test_a_token_in_the_query_or_the_form_is_not_seen(address: str) -> None:
    """RFC 9700 §4.3.2."""
    token = token_set(make_client(), user=make_user()).access_token
    assert Browser().get(f"{address}?access_token={token}").status_code in {401, 403}
    assert Browser().post(address, {"access_token": token}).status_code in {401, 403}


@pytest.mark.parametrize("address", PROTECTED)
def test_a_deactivated_person_is_locked_out(address: str) -> None:
    user = make_user()
    token = token_set(make_client(), user=user).access_token
    user.is_active = False
    user.save()
    assert call(address, token).status_code in {401, 403}


@pytest.mark.parametrize("address", PROTECTED)
def test_a_bound_token_is_no_bearer_token(address: str) -> None:
    """RFC 9449 §7.2: without its proof it is a stolen one."""
    confirmation = {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}
    token = token_set(
        make_client(access_token_format="opaque"), user=make_user(), confirmation=confirmation
    ).access_token
    assert call(address, token).status_code in {401, 403}
