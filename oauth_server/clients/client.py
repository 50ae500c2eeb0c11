"""``RegisteredClient``: what the server works with, once a client's row has been read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from oauth_server.clients.profiles import DEFAULT, PROFILES, SecurityProfile
from oauth_server.clients.sectors import sector_of
from oauth_server.models import Client

# The method of clients without a credential (RFC 7591 §2).
PUBLIC: Final = "none"
# OpenID Connect Core §8: the subject type that differs from sector to sector.
PAIRWISE: Final = "pairwise"


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A client secret at rest.

    Attributes:
        digest: ``keys.secrets.digest`` of the secret.
        wrapped: the secret under the key-encryption key; empty unless the client computes with it (HMAC).
        expires: when it stops working; None for never.
    """

    digest: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)
    expires: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Whether it authenticates at ``now``."""
        return self.expires is None or self.expires > now


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredClient:
    """A client as registered (RFC 7591 §2), immutable, shared by all requests of a process.

    ``metadata`` holds the registered members that have no attribute of their own. ``sector`` is None unless people are known to
    it by pairwise subjects (OpenID Connect Core §8). ``is_unused`` is for clients that expire unless they are used. ``vouched_for`` is for those
    whose name an operator answers for; those of all others are anybody's choice.
    """

    pk: int
    client_id: str
    name: str
    profile: SecurityProfile
    application_type: str
    token_endpoint_auth_method: str
    grant_types: frozenset[str]
    response_types: frozenset[str]
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scope: frozenset[str]
    access_token_format: str
    access_token_signed_response_alg: str
    access_token_typ: str
    id_token_signed_response_alg: str
    always_issue_refresh_token: bool
    id_token_claims: bool
    offline_access_survives_logout: bool
    audience: tuple[str, ...]
    introspects: frozenset[str]
    skip_authorization: bool
    minimum_acr: str
    tokens_not_before: datetime | None
    is_active: bool
    secrets: tuple[StoredSecret, ...]
    metadata: Mapping[str, Any]
    owner_id: uuid.UUID | None
    sector: str | None = None
    is_unused: bool = False
    vouched_for: bool = False

    @property
    def is_public(self) -> bool:
        """RFC 6749 §2.1: it cannot keep a secret, so it has none."""
        return self.token_endpoint_auth_method == PUBLIC

    @property
    def pkce_required(self) -> bool:
        """Whether a code needs a code_challenge: always for public clients (RFC 9700 §2.1.1)."""
        return self.profile.pkce_required or self.is_public

    @property
    def request_object_alone(self) -> bool:
        """Whether, of a request with a request object, nothing but the object counts (RFC 9101 §6.3).

        Always for who registered that its requests are signed (§10.5): what stood beside the object would not be.
        """
        return self.profile.request_object_alone or bool(self.metadata.get("require_signed_request_object"))

    @property
    def optional_scopes(self) -> frozenset[str]:
        """What a person may leave out of what it asks for; never ``openid``, by which it signs people in."""
        return frozenset(str(self.metadata.get("optional_scopes", "")).split()) - {"openid"}

    @property
    def jwks(self) -> Mapping[str, Any] | None:
        """The inline key set, if it registered one."""
        return self.metadata.get("jwks")

    @property
    def jwks_uri(self) -> str | None:
        """The address of its key set, if it registered one."""
        return self.metadata.get("jwks_uri")

    def live_secrets(self, now: datetime) -> tuple[StoredSecret, ...]:
        """The secrets that work at ``now``, newest first."""
        return tuple(secret for secret in self.secrets if secret.is_live(now))


def sector(row: Client) -> str | None:
    """The sector that a row's client is in; None where it knows people by their public subjects."""
    if row.metadata.get("subject_type") != PAIRWISE:
        return None
    return sector_of(row.metadata.get("sector_identifier_uri"), row.redirect_uris.split(), row.client_id)


def from_row(row: Client) -> RegisteredClient:
    """Read a row and its prefetched secrets."""
    return RegisteredClient(
        pk=row.pk,
        client_id=row.client_id,
        name=row.name or row.client_id,
        # A profile that was removed from the table must not loosen its clients: they fall to the strict default.
        profile=PROFILES.get(row.profile, PROFILES[DEFAULT]),
        application_type=row.application_type,
        token_endpoint_auth_method=row.token_endpoint_auth_method,
        grant_types=frozenset(row.grant_types),
        response_types=frozenset(row.response_types),
        redirect_uris=tuple(row.redirect_uris.split()),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris.split()),
        scope=frozenset(row.scope.split()),
        access_token_format=row.access_token_format,
        access_token_signed_response_alg=row.access_token_signed_response_alg,
        access_token_typ=row.access_token_typ,
        id_token_signed_response_alg=row.metadata.get("id_token_signed_response_alg", "RS256"),
        always_issue_refresh_token=row.always_issue_refresh_token,
        id_token_claims=row.id_token_claims,
        offline_access_survives_logout=row.offline_access_survives_logout,
        audience=tuple(row.audience),
        introspects=frozenset(row.introspects),
        skip_authorization=row.skip_authorization,
        minimum_acr=row.minimum_acr,
        tokens_not_before=row.tokens_not_before,
        is_active=row.is_active,
        secrets=tuple(
            StoredSecret(bytes(secret.digest), bytes(secret.wrapped), secret.expires) for secret in row.secrets.all()
        ),
        metadata=MappingProxyType(dict(row.metadata)),
        owner_id=row.user_id,
        sector=sector(row),
        is_unused=hasattr(row, "registration") and row.registration.expires is not None,
        vouched_for=row.vouched_for,
    )
