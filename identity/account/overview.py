"""The front page of an account: who am I here, is it safe, who may do what with it?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe

from identity.account.shell import Here, signed_in
from identity.models import LoginSession, User, factors


def _glance(user: User, now: datetime) -> dict[str, Any]:
    """What the server has to say; nothing here knows it, so it is asked by name."""
    hook = getattr(settings, "ACCOUNT_GLANCE", "")
    found: dict[str, Any] = import_string(hook)(user, now) if hook else {}
    return found


@require_safe
@signed_in
def show(request: HttpRequest, here: Here) -> HttpResponse:
    """The person's name, address, factors, sign-ins, applications and last activity at a glance."""
    now = timezone.now()
    sessions = LoginSession.objects.of_person(here.user, now)
    facts = {
        "session": here.session,
        "other_sessions": len(sessions) - 1,
        "email_verified": User.objects.owns_email(here.user),
        "passkeys": len(factors.passkeys_of(here.user)),
        "second_factor": User.objects.has_second_factor(here.user),
        **_glance(here.user, now),
    }
    return render(request, "account/overview.html", facts)
