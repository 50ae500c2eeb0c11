"""Token revocation (RFC 7009): the owner throws a token away."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from oauth_server.audit.events import ClientRefused, ForeignToken, TokenRevoked
from oauth_server.audit.record import record
from oauth_server.clients.authenticate import authenticate
from oauth_server.endpoints.base import form_parameters, json_response, protocol_endpoint
from oauth_server.endpoints.credentials import credentials_of
from oauth_server.protocol.errors import InvalidClient, OAuthError
from oauth_server.tokens.find import find
from oauth_server.tokens.revoke import revoke_found


def _refused(error: OAuthError, request: HttpRequest) -> None:  # noqa: ARG001  # the shell tells every listener alike
    if isinstance(error, InvalidClient):
        record(ClientRefused(client_id=error.client_id, endpoint="revoke", error=error.error, description=error.description,
                             hint=error.hint, detail=error.detail))  # fmt: skip


@protocol_endpoint("revoke", "POST", cors=True, on_error=_refused)
def revoke(request: HttpRequest, now: datetime) -> HttpResponse:
    """RFC 7009 §2: 200 for a token that is gone now, was gone before, or never was; JSON, since some clients parse it."""
    parameters = form_parameters(request)
    client = authenticate(credentials_of(request, parameters, "revoke"), now)
    found = find(parameters.required("token"), now, even_spent=True)
    if found is None:
        return json_response({})
    if found.client.client_id != client.client_id:
        # The same answer as for an unknown token: whoever holds a foreign token learns nothing about it.
        record(ForeignToken(client_id=client.client_id, family=str(found.family or ""), endpoint="revoke"))
        return json_response({})
    with transaction.atomic():
        revoke_found(found, now, "revoked by its client")
        record(TokenRevoked(client_id=client.client_id, user=str(found.user_id or ""),
                            family=str(found.family or ""), reason="revoked by its client", count=1))  # fmt: skip
    return json_response({})
