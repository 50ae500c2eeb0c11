"""Which rows are past their time: one rule a table, one bounded statement a batch.

A batch takes its rows in the order of an index and begins where the one before it ended. It costs the same however large the table
is, and however many rows the batches before it have left for PostgreSQL to vacuum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from identity.models import (
    BrowserSession,
    Invitation,
    LoginSession,
    MailedNotice,
    ReceivedLogout,
    SpentMailedCode,
    TrustedBrowser,
)
from oauth_server.models.audit import AuditEvent
from oauth_server.models.client import Client, ClientSecret
from oauth_server.models.code import AuthorizationCode
from oauth_server.models.interaction import Interaction
from oauth_server.models.outbox import OutboxMessage
from oauth_server.models.registration import InitialAccessToken
from oauth_server.models.replay import SeenIdentifier
from oauth_server.models.token import AccessToken, RefreshToken, RevokedToken, TokenFamily
from oauth_server.models.version import StateVersion


@dataclass(frozen=True, slots=True)
class Rule:
    """A table and the rows of it that nobody can use any more.

    Attributes:
        name: for whoever counts.
        model: the table.
        dead: which rows, at a moment.
        by: the column, with an index, in whose order they go.
        version: what their going changes.
    """

    name: str
    model: type[models.Model]
    dead: Callable[[datetime], Q]
    by: str = "expires"
    version: str = ""


def _expired(now: datetime) -> Q:
    return Q(expires__lte=now)


def _codes(now: datetime) -> Q:
    # A code stays as long as what it issued may live, so that a late replay still ends it (RFC 6749 §4.1.2).
    return Q(expires__lte=now - timedelta(seconds=max(settings.LIFETIMES.access_token, 86_400)))


def _refresh_tokens(now: datetime) -> Q:
    # A generation stays until its family ends: a replay must be seen (RFC 9700 §4.14.2).
    return Q(family__expires__lte=now)


def _audit(now: datetime) -> Q:
    return Q(at__lte=now - timedelta(seconds=settings.LIFETIMES.audit))


def _days_ago(field: str, days: int) -> Callable[[datetime], Q]:
    return lambda now: Q(**{f"{field}__lte": now - timedelta(days=days)})


# Children before parents: a family is deleted when its tokens are gone, so that no statement cascades far.
RULES: Final = (
    Rule("interactions", Interaction, _expired),
    Rule("authorization_codes", AuthorizationCode, _codes),
    Rule("access_tokens", AccessToken, _expired),
    Rule("refresh_tokens", RefreshToken, _refresh_tokens, by="family__expires"),
    Rule("token_families", TokenFamily, _expired),
    Rule("revoked_tokens", RevokedToken, _expired),
    Rule("seen_identifiers", SeenIdentifier, _expired),
    Rule("initial_access_tokens", InitialAccessToken, lambda now: Q(expires__lte=now) | Q(uses_left=0), by="digest"),
    Rule("unused_clients", Client, lambda now: Q(registration__expires__lte=now), "registration__expires", "clients"),
    Rule("client_secrets", ClientSecret, _expired),
    # An ended sign-in is kept a while for the person's own list of what happened.
    Rule("sign_ins", LoginSession, _days_ago("expires", 30)),
    Rule("ended_sign_ins", LoginSession, _days_ago("ended_at", 30), by="ended_at"),
    Rule("trusted_browsers", TrustedBrowser, _expired),
    Rule("invitations", Invitation, lambda now: Q(expires__lte=now - timedelta(days=30), used_at=None)),
    Rule("received_logouts", ReceivedLogout, _expired),
    Rule("mailed_notices", MailedNotice, _expired),
    Rule("spent_mailed_codes", SpentMailedCode, _expired),
    Rule("browser_sessions", BrowserSession, lambda now: Q(expire_date__lte=now), by="expire_date"),
    Rule("outbox", OutboxMessage, _days_ago("done_at", 7), by="done_at"),
    # What was given up stays longer: somebody may want to know what happened.
    Rule("abandoned_outbox", OutboxMessage, _days_ago("abandoned_at", 30), by="abandoned_at"),
    Rule("audit_events", AuditEvent, _audit, by="at"),
)


def delete_batch(rule: Rule, now: datetime, size: int, after: Any = None) -> tuple[int, Any]:
    """Delete up to ``size`` dead rows of one table; answers how many, and where the next batch begins.

    Args:
        rule: of the table.
        now: the moment of the sweep.
        size: of the batch.
        after: what the batch before answered.
    """
    manager = rule.model._default_manager
    dead = rule.dead(now) if after is None else rule.dead(now) & Q(**{f"{rule.by}__gte": after})
    rows = list(manager.filter(dead).order_by(rule.by).values_list("pk", rule.by)[:size])
    if not rows:
        return 0, after
    with transaction.atomic():
        manager.filter(pk__in=[key for key, _ in rows]).delete()
        if rule.version:
            StateVersion.objects.bump(rule.version)
    return len(rows), rows[-1][1]
