"""Which rows are past their time: one rule a table, one bounded statement a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from identity.models import BrowserSession, Invitation, LoginSession, ReceivedLogout, TrustedBrowser
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
    """A table and the rows of it that nobody can use any more; ``version`` is what their going changes."""

    name: str
    model: type[models.Model]
    dead: Callable[[datetime], Q]
    version: str = ""


def _expired(now: datetime) -> Q:
    return Q(expires__lte=now)


def _codes(now: datetime) -> Q:
    # A spent code stays as long as what it issued may live, so that a late replay still ends it (RFC 6749 §4.1.2).
    return Q(used_at=None, expires__lte=now) | Q(
        used_at__lte=now - timedelta(seconds=max(settings.LIFETIMES.access_token, 86_400)), expires__lte=now
    )


def _refresh_tokens(now: datetime) -> Q:
    # A spent generation stays until its family ends: its replay must be seen (RFC 9700 §4.14.2).
    return Q(family__expires__lte=now) | Q(used_at=None, expires__lte=now)


def _audit(now: datetime) -> Q:
    return Q(at__lte=now - timedelta(seconds=settings.LIFETIMES.audit))


def _outbox(now: datetime) -> Q:
    # What was given up stays longer: somebody may want to know what happened.
    return Q(done_at__lte=now - timedelta(days=7)) | Q(abandoned_at__lte=now - timedelta(days=30))


def _sessions(now: datetime) -> Q:
    # An ended sign-in is kept a while for the person's own list of what happened.
    return Q(expires__lte=now - timedelta(days=30)) | Q(ended_at__lte=now - timedelta(days=30))


# Children before parents: a family is deleted when its tokens are gone, so that no statement cascades far.
RULES: Final = (
    Rule("interactions", Interaction, _expired),
    Rule("authorization_codes", AuthorizationCode, _codes),
    Rule("access_tokens", AccessToken, _expired),
    Rule("refresh_tokens", RefreshToken, _refresh_tokens),
    Rule("token_families", TokenFamily, _expired),
    Rule("revoked_tokens", RevokedToken, _expired),
    Rule("seen_identifiers", SeenIdentifier, _expired),
    Rule("initial_access_tokens", InitialAccessToken, lambda now: Q(expires__lte=now) | Q(uses_left=0)),
    Rule("unused_clients", Client, lambda now: Q(registration__expires__lte=now), version="clients"),
    Rule("client_secrets", ClientSecret, _expired),
    Rule("sign_ins", LoginSession, _sessions),
    Rule("trusted_browsers", TrustedBrowser, _expired),
    Rule("invitations", Invitation, lambda now: Q(expires__lte=now - timedelta(days=30), used_at=None)),
    Rule("received_logouts", ReceivedLogout, _expired),
    Rule("browser_sessions", BrowserSession, lambda now: Q(expire_date__lte=now)),
    Rule("outbox", OutboxMessage, _outbox),
    Rule("audit_events", AuditEvent, _audit),
)


def delete_batch(rule: Rule, now: datetime, size: int) -> int:
    """Delete up to ``size`` dead rows of one table; answers how many."""
    manager = rule.model._default_manager
    keys = list(manager.filter(rule.dead(now)).order_by().values_list("pk", flat=True)[:size])
    if not keys:
        return 0
    with transaction.atomic():
        manager.filter(pk__in=keys).delete()
        if rule.version:
            StateVersion.objects.bump(rule.version)
    return len(keys)
