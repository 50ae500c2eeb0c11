"""What the front page of an account says of applications and of what happened; found by ``settings.ACCOUNT_GLANCE``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from identity.models import User
from identity.subjects import public_subject
from oauth_server.models import AuditEvent
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
