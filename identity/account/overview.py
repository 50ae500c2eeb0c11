"""The front page of an account: who am I here?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from identity.account.shell import Here, signed_in
from identity.models import LoginSession, User


@require_safe
@signed_in
def show(request: HttpRequest, here: Here) -> HttpResponse:
    """The person's name, address, factors and sign-ins at a glance."""
    sessions = LoginSession.objects.of_person(here.user, timezone.now())
    facts = {
        "session": here.session,
        "other_sessions": len(sessions) - 1,
        "email_verified": User.objects.owns_email(here.user),
        "second_factor": User.objects.has_second_factor(here.user),
    }
    return render(request, "account/overview.html", facts)
