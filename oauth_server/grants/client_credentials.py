"""A confidential client asks for itself (RFC 6749 §4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from oauth_server.clients import resources
from oauth_server.clients.client import RegisteredClient
from oauth_server.protocol import scopes
from oauth_server.protocol.errors import InvalidScope, UnauthorizedClient
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens.authorization import Authorization, Refused

# Scopes that speak of a person: a client that asks for itself has none.
_PERSONAL: Final = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})


def decide(parameters: Parameters, client: RegisteredClient, now: datetime) -> Authorization | Refused:  # noqa: ARG001  # every grant is asked alike
    """Grant the scopes asked for, or all that the client may ask for.

    Raises:
        UnauthorizedClient: a public client (RFC 6749 §4.4).
        InvalidScope: a scope that this client may not ask for.
    """
    if client.is_public:
        raise UnauthorizedClient("A public client cannot use client_credentials.")
    allowed = client.scope - _PERSONAL
    asked = scopes.parse(parameters.get("scope", ""))
    if not allowed.issuperset(asked):
        raise InvalidScope(
            "This client may not ask for a scope that it asked for.",
            hint=f"Its registered scope allows: {' '.join(sorted(allowed)) or 'none'}.",
        )
    return Authorization(
        client=client,
        grant_type="client_credentials",
        scope=asked or tuple(sorted(allowed)),
        sub=client.client_id,
        audience=resources.admit(parameters.all("resource"), client.audience),
    )
