"""django-oauth-toolkit's own classes in front of our tokens.

``settings.OAUTH2_PROVIDER["OAUTH2_VALIDATOR_CLASS"]`` names ``GatehouseValidator``, so its authentication and permission classes,
its view mixins, ``OAuth2Backend`` and ``OAuth2TokenMiddleware`` ask us. Its decorators take their validator from a default
argument instead of the settings: ``adopt_decorators`` changes that default.

Nothing here issues: its endpoints are not mounted, and no token of ours has the row that they would look for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from oauth2_provider import decorators
from oauth2_provider.oauth2_validators import OAuth2Validator

from identity.models import User
from oauth_server.models import AccessToken
from oauth_server.protocol import scopes as scope_words
from oauth_server.protocol.errors import InvalidToken, OAuthError
from oauth_server.resource_server import bearer
from oauth_server.tokens.find import ACCESS, Found, find


def _row(found: Found) -> AccessToken:
    """A token as django-oauth-toolkit's permission classes know it; never saved.

    A token for this server itself may be used at all of its APIs. Any other audience is what the toolkit calls resource,
    and must match the address (RFC 8707 §2).
    """
    row = AccessToken(
        digest=found.digest,
        application_id=found.client.pk,
        family_id=found.family,
        scope=scope_words.join(found.scope),
        resource=[] if settings.ISSUER in found.audience else list(found.audience),
        created=found.issued,
        expires=found.expires,
    )
    row.user = _user(found)  # type: ignore[assignment]  # our rows have no such column; the toolkit asks for the attribute
    return row


def _user(found: Found) -> User | None:
    return found.person.user if found.person else None


def _is_for(row: AccessToken, address: str) -> bool:
    """Whether a token may be used at an address: the toolkit's rule, which its settings can replace."""
    return bool(row.allows_audience(address))  # type: ignore[no-untyped-call]  # the toolkit has no types


class GatehouseValidator(OAuth2Validator):
    """Answers one question of oauthlib's, whether a bearer token is good, with the server's own look-up."""

    def validate_bearer_token(self, token: str | None, scopes: Iterable[str], request: Any) -> bool:
        """Whether a token may be used for this request; sets what the toolkit reads from the request afterwards.

        Args:
            token: as oauthlib found it.
            scopes: all of them are needed.
            request: oauthlib's.
        """
        try:
            found = self._judge(token, request)
            row = _row(found)
            if not _is_for(row, (request.uri or "").partition("?")[0]):
                raise InvalidToken("The access token is for another resource.")
            if not frozenset(found.scope).issuperset(scopes):
                raise bearer.insufficient(scopes)
        except OAuthError as error:
            request.oauth2_error = error.members()
            return False
        request.user = _user(found)
        request.scopes = list(found.scope)
        request.access_token = row
        # Few views ask for the client, and asking costs a statement.
        request.client = SimpleLazyObject(lambda: row.application)
        return True

    def _judge(self, token: str | None, request: Any) -> Found:
        # oauthlib also finds tokens in a query or a form. Queries end up in logs (RFC 9700 §4.3.2), and a form that a page of
        # another site posts must not be a way in; the header is.
        if token is None or bearer.read(request.headers.get("Authorization", "")) != token:
            raise bearer.NoToken
        found = find(token, timezone.now(), person=True)
        if found is None or found.kind != ACCESS:
            raise InvalidToken
        if found.confirmation:
            raise InvalidToken("The access token is bound to a key and cannot be used as a bearer token.")
        return found

    def validate_jwt_bearer_token(self, token: str | None, scopes: Iterable[str], request: Any) -> bool:
        """The OpenID server of oauthlib sends every JWT here and means ID tokens; ours are access tokens or nothing."""
        return self.validate_bearer_token(token, scopes, request)

    def validate_id_token(self, token: str, scopes: Iterable[str], request: Any) -> bool:  # noqa: ARG002  # oauthlib's
        """An ID token is never a key to an API (RFC 9068 §5)."""
        return False


def adopt_decorators() -> None:
    """Make ``GatehouseValidator`` the validator of the toolkit's decorators, for code that names none."""
    for decorator in (
        decorators.protected_resource,
        decorators.protected_resource_metadata,
        decorators.rw_protected_resource,
        decorators.rw_protected_resource_metadata,
    ):
        decorator.__defaults__ = tuple(
            GatehouseValidator if value is OAuth2Validator else value for value in decorator.__defaults__ or ()
        )
