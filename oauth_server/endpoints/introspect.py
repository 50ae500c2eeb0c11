"""Token introspection (RFC 7662): authenticated confidential callers only."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse

from oauth_server.audit.events import ClientRefused, IntrospectionRefused
from oauth_server.audit.record import record
from oauth_server.clients.authenticate import authenticate
from oauth_server.endpoints.base import form_parameters, json_response, protocol_endpoint
from oauth_server.endpoints.credentials import credentials_of
from oauth_server.protocol.errors import InvalidClient, OAuthError
from oauth_server.tokens import introspection
from oauth_server.tokens.find import find


def _refused(error: OAuthError, request: HttpRequest) -> None:  # noqa: ARG001  # the shell tells every listener alike
    if isinstance(error, InvalidClient):
        record(ClientRefused(client_id=error.client_id, endpoint="introspect", error=error.error, description=error.description,
                             hint=error.hint, detail=error.detail))  # fmt: skip


@protocol_endpoint("introspect", "POST", on_error=_refused)
def introspect(request: HttpRequest, now: datetime) -> HttpResponse:
    """RFC 7662 §2. ``token_type_hint`` is only a hint: our tokens tell their kind themselves."""
    parameters = form_parameters(request)
    caller = authenticate(credentials_of(request, parameters, "introspect"), now)
    if caller.is_public:
        raise InvalidClient("A public client cannot introspect tokens.")
    found = find(parameters.required("token"), now)
    if found is None:
        return json_response(introspection.INACTIVE)
    if not introspection.may_know(caller, found):
        record(IntrospectionRefused(client_id=caller.client_id, owner=found.client.client_id))
        return json_response(introspection.INACTIVE)
    return json_response(introspection.describe(found))
