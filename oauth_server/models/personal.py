"""What the server stores about people; see ``identity.models.personal`` for the rows and what they are for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from django.db.models import QuerySet

from identity.models.personal import Holding
from oauth_server.models.audit import AuditEvent
from oauth_server.models.client import Client, ClientSecret
from oauth_server.models.code import AuthorizationCode
from oauth_server.models.consent import Consent
from oauth_server.models.device import DeviceCode
from oauth_server.models.interaction import Interaction
from oauth_server.models.outbox import OutboxMessage
from oauth_server.models.participation import Participation
from oauth_server.models.registration import InitialAccessToken, Registration
from oauth_server.models.token import AccessToken, IDToken, RefreshToken, TokenFamily
from oauth_server.models.version import StateVersion

_OWNED: Final = ("application__user",)

# Members of the facts of an event that say nothing about anybody: what, how often, why; never where from or with what.
IMPERSONAL: Final = frozenset(
    {
        "acr", "again", "amr", "by_operator", "change", "changes", "claims", "confirmed", "count", "ended", "error", "factor", "generation", "grant_type",
        "new_secret", "reason", "response_type", "revoked", "scope", "shown", "topic", "attempts",
    }
)  # fmt: skip


def _impersonal(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name in IMPERSONAL}


def _scrub(events: QuerySet[AuditEvent], size: int) -> None:
    last = 0
    while True:
        batch = list(events.filter(pk__gt=last).order_by("pk")[:size])
        for event in batch:
            event.ip_address, event.request_id, event.facts = None, "", _impersonal(event.facts)
        if batch:
            AuditEvent.objects.bulk_update(batch, ["ip_address", "request_id", "facts"])
            last = batch[-1].pk
        if len(batch) < size:
            return


def scrub_audit(user: uuid.UUID, size: int) -> None:
    """Leave in the audit log that something happened and when, and nothing of who or where from.

    The subject stays: a number that nobody can look a person up by any more, and that is never given again. While the families
    of the person are there, so that facts that name only a family are found.

    Args:
        user: the person.
        size: the most rows a statement.
    """
    _scrub(AuditEvent.objects.filter(user=str(user)), size)
    families = iter(TokenFamily.objects.filter(user=user).order_by("pk").values_list("pk", flat=True).iterator())
    while some := [str(pk) for pk in islice(families, size)]:
        _scrub(AuditEvent.objects.filter(family__in=some), size)


def clients_changed() -> None:
    """Clients are gone: every process reads them anew within a second."""
    StateVersion.objects.bump("clients")


# Children before parents. Rows of a client that the person owned go with it (``also``), before the client itself does.
HOLDINGS: Final = (
    Holding(
        "activity",
        AuditEvent,
        told=("name", "at", "result", "client_id", "ip_address", "facts"),
        goes=False,
        scrub=scrub_audit,
    ),
    Holding("interactions", Interaction, ("consented_by",), ("created", "request", "consented_at"), _OWNED),
    Holding("authorization_codes", AuthorizationCode, told=("application__client_id", "scope", "created"), also=_OWNED),
    Holding("device_codes", DeviceCode, told=("client_id", "scope")),
    Holding(
        "opaque_access_tokens",
        AccessToken,
        ("family__user",),
        ("application__client_id", "scope", "created", "expires", "revoked_at"),
        _OWNED,
    ),
    Holding(
        "renewals", RefreshToken, ("family__user",), ("application__client_id", "created", "ip_address", "trail", "used_at"), _OWNED
    ),
    Holding("id_tokens", IDToken, why_untold="Never written.", also=_OWNED),
    Holding(
        "accesses",
        TokenFamily,
        told=("application__client_id", "scope", "claims", "created", "auth_time", "expires", "revoked_at", "revoke_reason"),
        also=_OWNED,
    ),
    Holding(
        "consents",
        Consent,
        told=("application__client_id", "scope", "claims", "created", "updated", "expires", "revoked_at"),
        also=_OWNED,
    ),
    Holding(
        "applications_in_a_sign_in", Participation, ("session__user",), ("application__client_id", "created"), _OWNED
    ),
    Holding("initial_access_tokens", InitialAccessToken, told=("uses_left", "created", "expires")),
    Holding("client_secrets", ClientSecret, ("client__user",), ("client__client_id", "last_four", "created", "expires")),
    Holding("registrations", Registration, ("client__user",), ("client__client_id", "expires")),
    Holding("your_applications", Client, told=("client_id", "name", "redirect_uris", "scope", "metadata", "created")),
    # They stay until they are delivered: they tell applications that the person is gone. Clean-up takes them away in some days.
    Holding(
        "messages_to_applications",
        OutboxMessage,
        ("payload__user",),
        ("topic", "payload", "created", "done_at"),
        goes=False,
    ),
)  # fmt: skip
