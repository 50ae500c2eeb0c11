"""Refresh tokens: one generation after another, each spent once (RFC 6749 §6, RFC 9700 §4.14)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from oauth_server.audit import context
from oauth_server.keys import secrets
from oauth_server.models import RefreshToken
from oauth_server.models.spending import NewRow
from oauth_server.tokens.authorization import Authorization, Lineage


def successor_of(presented: str) -> str:
    """The token that follows ``presented`` in its family.

    With a retry grace it is derived from the one presented, so that the same answer can be given twice while only digests
    are stored; a stolen table gives neither. Without a grace it is random.
    """
    if settings.LIFETIMES.refresh_retry_grace and presented:
        return secrets.mint("rt", secrets.derive("refresh successor", presented))
    return secrets.mint("rt")


def row(authorization: Authorization, lineage: Lineage, token: str, now: datetime) -> NewRow:
    """The row of the next refresh token of a family."""
    family, _ = authorization.bond()
    return NewRow(
        RefreshToken,
        {
            "digest": secrets.digest(token),
            "family_id": family,
            "application_id": authorization.client.pk,
            "generation": lineage.generation,
            "trail": lineage.trail,
            "ip_address": context.current().ip_address,
            "created": now,
            "expires": min(now + timedelta(seconds=settings.LIFETIMES.refresh_token_idle), lineage.absolute_expiry),
        },
    )


def first_lineage(now: datetime) -> Lineage:
    """Where the first refresh token of a new family stands."""
    return Lineage(generation=0, absolute_expiry=now + timedelta(seconds=settings.LIFETIMES.refresh_token))
