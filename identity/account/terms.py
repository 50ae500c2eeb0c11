"""A person accepts the terms of service as they are now."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from identity.models import AcceptedTerms, User
from identity.signals import account_changed


def accept(request: HttpRequest, user: User) -> None:
    """Note when; a second time changes nothing."""
    if AcceptedTerms.objects.note(user, settings.TERMS_VERSION, timezone.now()):
        account_changed.send(sender=User, user=user, fact="account:terms:accepted", request=request)
