"""Dynamic client registration (RFC 7591 §3, OpenID Connect Registration §3) and its management (RFC 7592 §2).

``REGISTRATION`` says who may come: nobody (404), who has an initial access token, or anybody within the quotas. Whoever brings
an initial access token is outside the quotas. Pages of other origins may come like anybody else (OpenID Connect Registration
§3): what they send carries its own credential, and no cookie is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from oauth_server.audit.events_clients import ClientDeleted, RegistrationRefused
from oauth_server.audit.record import record
from oauth_server.clients import quotas, registration
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.registry import CLIENT_ID
from oauth_server.endpoints.base import Handler, WrongMediaType, body, error_response, json_response, protocol_endpoint
from oauth_server.endpoints.userinfo import NoToken, bearer_token
from oauth_server.jose.encoding import parse_object
from oauth_server.jose.errors import JoseError
from oauth_server.models import InitialAccessToken
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRequest, InvalidToken, OAuthError
from oauth_server.tokens.standing import delete_client

CLOSED: Final = "closed"
OPEN: Final = "open"


class NotOffered(InvalidRequest):
    """Registration is closed: the address does not exist."""

    status = 404
    default = "This server does not let clients register."


def _refused(error: OAuthError, request: HttpRequest) -> None:
    named = request.resolver_match.kwargs.get("client_id", "") if request.resolver_match else ""
    client_id = named if CLIENT_ID.fullmatch(named) else ""
    record(
        RegistrationRefused(client_id=client_id, error=error.error, description=error.description,
                            hint=error.hint, detail=error.detail)
    )  # fmt: skip


def _metadata(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body; nothing lenient (RFC 8259): UTF-8, no member twice, bounded in size and depth."""
    media_type, _, parameters = request.META.get("CONTENT_TYPE", "").partition(";")
    if media_type.strip().lower() != "application/json" or parameters.strip().lower() not in _CHARSETS:
        raise WrongMediaType("The body must be application/json in UTF-8.")
    try:
        return parse_object(body(request))
    except JoseError as error:
        raise InvalidClientMetadata(
            "The body must be one JSON object: no member twice, no deep nesting, no characters that cannot be stored.",
            detail=str(error),
        ) from None


_CHARSETS: Final = frozenset({"", "charset=utf-8", 'charset="utf-8"'})


def _unless_closed(view: Handler) -> Handler:
    """Whatever the method: an address that is not offered does not tell which ones it would answer."""

    @wraps(view)
    def offered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.REGISTRATION == CLOSED:
            return error_response(NotOffered())
        return view(request, *args, **kwargs)

    return offered


@_unless_closed
@protocol_endpoint("register", "POST", cors=True, on_error=_refused)
def register(request: HttpRequest, now: datetime) -> HttpResponse:
    """RFC 7591 §3.1: 201 with all that was registered."""
    invitation = _invitation(request, now)
    if invitation is None:
        quotas.take_one(request.META["REMOTE_ADDR"])
    answer = registration.register(
        _metadata(request), profile=settings.REGISTRATION_PROFILE, now=now, invitation=invitation
    )
    return json_response(answer, 201)


def _invitation(request: HttpRequest, now: datetime) -> InitialAccessToken | None:
    """The initial access token of the request; None where anybody may register without one."""
    try:
        token = bearer_token(request)
    except NoToken:
        if settings.REGISTRATION == OPEN and not request.META.get("HTTP_AUTHORIZATION"):
            return None
        raise
    return registration.invited(token, now)


@_unless_closed
@protocol_endpoint("registration", "GET", "PUT", "DELETE", cors=True, on_error=_refused)
def manage(request: HttpRequest, now: datetime, client_id: str) -> HttpResponse:
    """RFC 7592 §2: read, replace, delete, by whoever holds the client's registration access token."""
    token = bearer_token(request)
    client = registration.opened(client_id, token)
    return _ACTS[request.method or ""](request, client, token, now)


def _read(request: HttpRequest, client: RegisteredClient, token: str, now: datetime) -> HttpResponse:  # noqa: ARG001  # the table's shape
    return json_response(registration.describe(client.client_id, token))


def _replace(request: HttpRequest, client: RegisteredClient, token: str, now: datetime) -> HttpResponse:
    quotas.take_one(request.META["REMOTE_ADDR"])
    return json_response(registration.replace(client, _metadata(request), token, now))


def _delete(request: HttpRequest, client: RegisteredClient, token: str, now: datetime) -> HttpResponse:  # noqa: ARG001  # the table's shape
    try:
        with transaction.atomic():
            delete_client(client.client_id)
            record(ClientDeleted(client_id=client.client_id))
    except LookupError:
        raise InvalidToken from None
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


_ACTS: Final[Mapping[str, Callable[[HttpRequest, RegisteredClient, str, datetime], HttpResponse]]] = {
    "GET": _read,
    "PUT": _replace,
    "DELETE": _delete,
}
