"""What the pages of an account say of applications and of what happened; found by ``settings.ACCOUNT_GLANCE`` and its like."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from identity.models import User
from identity.subjects import public_subject
from oauth_server.models import AuditEvent, Client
from oauth_server.portal.connected_apps import connected
from oauth_server.portal.happenings import NAMES, tell

_MOST: Final = 4


def glance(user: User, now: datetime) -> dict[str, Any]:
    """The applications that can do something with the account, and the last things that happened in it."""
    apps = connected(user, now)
    return {
        "apps": apps,
        "apps_in_use": sum(1 for app in apps if app.accesses),
        "happenings": tell(AuditEvent.objects.of_person(public_subject(user.pk), NAMES, _MOST)),
    }


def effects(user: User, now: datetime) -> dict[str, Any]:
    """What goes with an account: the applications that lose access, and those that the person registered."""
    return {
        "apps": [app.name for app in connected(user, now)],
        "applications": [client.name or client.client_id for client in Client.objects.of_developer(user)],
    }
