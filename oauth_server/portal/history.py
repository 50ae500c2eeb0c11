"""What happened in my account: the person's own part of the audit log, a page at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from identity.account.shell import Here, signed_in
from identity.subjects import public_subject
from oauth_server.models import AuditEvent
from oauth_server.portal.happenings import NAMES, tell

_PAGE: Final = 25


def _before(text: str) -> tuple[datetime, int] | None:
    """Where the page before ended: a moment and a key, as ``_after`` wrote them; None for anything else."""
    at, _, key = text.rpartition("_")
    try:
        moment = parse_datetime(at)
        return (moment, int(key)) if moment is not None and moment.tzinfo is not None and len(key) < 19 else None
    except (ValueError, OverflowError):
        return None


def _after(event: AuditEvent) -> str:
    return f"{event.at.isoformat()}_{event.pk}"


@require_safe
@signed_in
def listing(request: HttpRequest, here: Here) -> HttpResponse:
    """Newest first."""
    before = _before(request.GET.get("before", ""))
    events = AuditEvent.objects.of_person(public_subject(here.user.pk), NAMES, _PAGE + 1, before=before)
    shown = events[:_PAGE]
    return render(
        request,
        "account/activity.html",
        {
            "happenings": tell(shown),
            "older": _after(shown[-1]) if len(events) > _PAGE else "",
            "is_first": before is None,
        },
    )
