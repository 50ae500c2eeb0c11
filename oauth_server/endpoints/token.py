"""The token endpoint (RFC 6749 §3.2): authenticate, judge, mint, spend and save, answer."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from oauth_server.audit.events import ClientRefused, TokenIssued, TokenRefused
from oauth_server.audit.record import record, record_later
from oauth_server.clients import encryption, first_use
from oauth_server.clients.authenticate import authenticate
from oauth_server.clients.client import RegisteredClient
from oauth_server.endpoints.base import form_parameters, json_response, protocol_endpoint
from oauth_server.endpoints.credentials import credentials_of
from oauth_server.grants import Grant, table
from oauth_server.protocol.errors import (
    InvalidClient,
    InvalidGrant,
    OAuthError,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens.authorization import Authorization, Refused, TokenSet
from oauth_server.tokens.issue import SpentMeanwhileError, issue

_LOOKS: Final = 2


@cache
def grants() -> dict[str, Grant]:
    """GRANTS, as this process was configured."""
    return dict(table(settings.FEATURES))


def _refused(error: OAuthError, request: HttpRequest) -> None:
    known: str = getattr(request, "oauth_client_id", "")
    if isinstance(error, InvalidClient):
        record(ClientRefused(client_id=error.client_id or known, endpoint="token", error=error.error, description=error.description,
                             hint=error.hint, detail=error.detail))  # fmt: skip
    elif not getattr(error, "recorded", False):
        record(TokenRefused(client_id=known, grant_type=getattr(request, "oauth_grant_type", ""), error=error.error,
                            description=error.description, hint=error.hint, detail=error.detail))  # fmt: skip


@protocol_endpoint("token", "POST", cors=True, on_error=_refused)
def token(request: HttpRequest, now: datetime) -> HttpResponse:
    """RFC 6749 §3.2."""
    parameters = form_parameters(request)
    request.oauth_client_id = parameters.get("client_id", "")  # type: ignore[attr-defined]  # for the record of a refusal
    grant_type = parameters.required("grant_type")
    request.oauth_grant_type = grant_type[:60]  # type: ignore[attr-defined]  # for whoever records a refusal
    client = authenticate(credentials_of(request, parameters, "token"), now)
    request.oauth_client_id = client.client_id  # type: ignore[attr-defined]  # as above
    grant = grants().get(grant_type)
    if grant is None:
        raise UnsupportedGrantType("This server does not support that grant_type.")
    if grant_type not in client.grant_types:
        raise UnauthorizedClient(
            "This client is not registered for that grant_type.",
            hint=f"Its grant_types: {', '.join(sorted(client.grant_types))}.",
        )
    return json_response(_exchange(grant, parameters, client, now).members())


def _exchange(grant: Grant, parameters: Parameters, client: RegisteredClient, now: datetime) -> TokenSet:
    """Judge, mint, then spend and save together."""
    encryption.prepare(client, encryption.ID_TOKEN, now)
    for _ in range(_LOOKS):
        outcome = grant.decide(parameters, client, now)
        if isinstance(outcome, Refused):
            raise _settled(outcome)
        # Whoever loses a race looks again, and finds it spent.
        with suppress(SpentMeanwhileError):
            token_set = issue(outcome, now)
            _note(outcome, token_set)
            return token_set
    raise InvalidGrant("The grant has just ended, or is being used by somebody else.")


def _settled(refused: Refused) -> OAuthError:
    """End what the refusal ends and record it, together, before anybody hears of it."""
    with transaction.atomic():
        record(refused.settle())
    refused.error.recorded = True
    return refused.error


def _note(authorization: Authorization, token_set: TokenSet) -> None:
    first_use.note(authorization.client)
    record_later(
        TokenIssued(
            client_id=authorization.client.client_id,
            user=str(authorization.user_id or ""),
            family=str(authorization.family or ""),
            grant_type=authorization.grant_type,
            scope=token_set.scope,
        )
    )
