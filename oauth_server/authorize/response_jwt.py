"""The answer of the authorization endpoint as one JWT (JARM: JWT Secured Authorization Response Mode for OAuth 2.0)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

from oauth_server.clients import encryption
from oauth_server.clients.client import RegisteredClient
from oauth_server.tokens.id_token import JWT_TYPE, signer_for


def seal(client: RegisteredClient, members: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The one parameter ``response``: signed, and then encrypted where the client registered for that (§2.2, §3).

    Args:
        client: who is to read it.
        members: of the answer, ``iss`` among them; an error has them too.
        now: the moment of the answer.

    Raises:
        InvalidRequest: the client wants it encrypted and has no usable key.
    """
    expires = int(now.timestamp()) + settings.LIFETIMES.authorization_response
    claims = {**members, "aud": client.client_id, "exp": expires}
    alg = client.metadata.get("authorization_signed_response_alg", "RS256")
    signed = signer_for(client, alg, now).sign(claims, typ=JWT_TYPE)
    return {"response": encryption.to_client(client, encryption.AUTHORIZATION, signed, now)}
