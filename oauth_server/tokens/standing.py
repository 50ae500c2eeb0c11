"""May this client be here? Disabling ends every token with it; enabling lets it ask anew; deleting leaves nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from oauth_server.audit.events_operator import ClientDisabled
from oauth_server.audit.events_portal import ApplicationDisabled
from oauth_server.clients import registry
from oauth_server.models import AuditEvent, Client, StateVersion
from oauth_server.tokens.revoke import revoke_for

REASON = "client disabled"


def disable_client(client_id: str, now: datetime) -> bool:
    """Turn a client away from now on and end what it was given; False when it was disabled already.

    Args:
        client_id: the client.
        now: aware UTC.

    Raises:
        LookupError: there is no such client.
    """
    with transaction.atomic():
        row = _lock(client_id)
        if not row.is_active:
            return False
        # Tokens without a row (JWTs of client credentials) must not come back to life when the client does.
        row.is_active, row.disabled_at, row.tokens_not_before = False, now, now
        row.save(update_fields=["is_active", "disabled_at", "tokens_not_before", "updated"])
        revoke_for(now, REASON, application=row.pk)
        StateVersion.objects.bump("clients")
    registry.forget()
    return True


def disabled_by_owner(client_id: str) -> bool:
    """Whether it was the client's developer who disabled it last, and may undo that.

    The audit log knows; when it does not any more, only an operator decides. An operator who disables such a client records
    it although nothing changes: else its developer, who was faster, could let it come back.
    """
    last = AuditEvent.objects.latest_of(client_id, (ApplicationDisabled.name, ClientDisabled.name))
    return last is not None and last.name == ApplicationDisabled.name


def enable_client(client_id: str) -> bool:
    """Let a client come back with no token of before; False when it was active.

    Raises:
        LookupError: there is no such client.
    """
    with transaction.atomic():
        row = _lock(client_id)
        if row.is_active:
            return False
        row.is_active, row.disabled_at = True, None
        row.save(update_fields=["is_active", "disabled_at", "updated"])
        StateVersion.objects.bump("clients")
    registry.forget()
    return True


def delete_client(client_id: str) -> None:
    """Remove a client with its secrets, consents and tokens; its identifier is not given again.

    Raises:
        LookupError: there is no such client.
    """
    with transaction.atomic():
        _lock(client_id).delete()
        StateVersion.objects.bump("clients")
    registry.forget()


def _lock(client_id: str) -> Client:
    row = Client.objects.lock(client_id)
    if row is None:
        raise LookupError(client_id)
    return row
