"""The source for an API that runs inside the server: the server's own look-up, revocations included."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings

from oauth_server.protocol.errors import InvalidToken
from oauth_server.resource_server.token import BearerToken
from oauth_server.resource_server.verify import TokenVerifier
from oauth_server.tokens import introspection
from oauth_server.tokens.find import ACCESS, find


class InProcess:
    """A source that looks the token up: one statement at most, and a revocation is felt at once."""

    def read(self, token: str, now: datetime) -> BearerToken:
        """See ``Source``. Refresh tokens and ID tokens are not access tokens."""
        found = find(token, now, person=True)
        if found is None or found.kind != ACCESS:
            raise InvalidToken
        return BearerToken(
            subject=found.sub,
            client_id=found.client.client_id,
            scope=found.scope,
            issuer=settings.ISSUER,
            audience=found.audience,
            issued=found.issued,
            expires=found.expires,
            claims=introspection.describe(found),
            confirmation=found.confirmation,
            user=found.person.user if found.person else None,
        )


def verifier(audience: str | Collection[str] = "") -> TokenVerifier:
    """A verifier for an API of this server; without an audience the API is the server itself."""
    return TokenVerifier(settings.ISSUER, audience or settings.ISSUER, InProcess())
