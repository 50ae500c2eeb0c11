"""The token endpoint (RFC 6749 §3.2): authenticate, decide, mint and save in one transaction, answer."""

from __future__ import annotations

from datetime import datetime
from functools import cache

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
from oauth_server.protocol.errors import InvalidClient, OAuthError, UnauthorizedClient, UnsupportedGrantType
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens.authorization import Refused, TokenSet
from oauth_server.tokens.issue import issue


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
    request.oauth_grant_type = grant_type[:60]  # type: ignore[attr-defined]
    client = authenticate(credentials_of(request, parameters, "token"), now)
    request.oauth_client_id = client.client_id  # type: ignore[attr-defined]
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
    """Spend, mint and save together; a refusal that changed something is committed before it is raised."""
    # A key set that is fetched while the transaction is open would keep everybody waiting.
    encryption.prepare(client, encryption.ID_TOKEN, now)
    with transaction.atomic():
        outcome = grant.decide(parameters, client, now)
        if isinstance(outcome, Refused):
            if outcome.event is not None:
                record(outcome.event)
        else:
            token_set = issue(outcome, now)
    if isinstance(outcome, Refused):
        outcome.error.recorded = outcome.event is not None
        raise outcome.error
    first_use.note(client)
    record_later(
        TokenIssued(
            client_id=client.client_id,
            user=str(outcome.user_id or ""),
            family=str(outcome.family or ""),
            grant_type=grant.grant_type,
            scope=token_set.scope,
        )
    )
    return token_set
