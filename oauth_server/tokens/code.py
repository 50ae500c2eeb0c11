"""Authorization codes: minted at the front channel, redeemed at the token endpoint (RFC 6749 §4.1.2)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import uuid_utils.compat
from django.conf import settings

from oauth_server.clients.client import RegisteredClient
from oauth_server.keys import secrets
from oauth_server.models import AuthorizationCode
from oauth_server.models.spending import NewRow, write
from oauth_server.protocol import scopes


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """What an authorization request proved, to be kept behind a code."""

    client: RegisteredClient
    user_id: uuid.UUID
    redirect_uri: str
    scope: tuple[str, ...]
    session_sid: str | None = None
    consent_id: int | None = None
    auth_time: datetime | None = None
    acr: str = ""
    amr: tuple[str, ...] = ()
    nonce: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    resource: tuple[str, ...] = ()
    authorization_details: tuple[Mapping[str, Any], ...] = ()
    confirmation: Mapping[str, Any] = field(default_factory=dict)


def issue_code(grant: CodeGrant, now: datetime) -> str:
    """Mint a code and save its digest, in one statement."""
    code, row = mint(grant, now)
    write(row)
    return code


def mint(grant: CodeGrant, now: datetime) -> tuple[str, NewRow]:
    """A code, and the row that is to be saved."""
    code = secrets.mint("ac")
    row = NewRow(
        AuthorizationCode,
        {
            "digest": secrets.digest(code),
            # Time-ordered, so that family rows are appended at the end of their index.
            "family": uuid_utils.compat.uuid7(),
            "application_id": grant.client.pk,
            "user_id": grant.user_id,
            "redirect_uri": grant.redirect_uri,
            "scope": scopes.join(grant.scope),
            "session_id": grant.session_sid,
            "consent_id": grant.consent_id,
            "auth_time": grant.auth_time,
            "acr": grant.acr,
            "amr": list(grant.amr),
            "nonce": grant.nonce,
            "code_challenge": grant.code_challenge,
            "code_challenge_method": grant.code_challenge_method,
            "claims": dict(grant.claims),
            "resource": list(grant.resource),
            "authorization_details": list(grant.authorization_details),
            "confirmation": dict(grant.confirmation),
            "created": now,
            "expires": now + timedelta(seconds=settings.LIFETIMES.authorization_code),
        },
    )
    return code, row
