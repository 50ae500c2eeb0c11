"""An invitation: a link by mail with which one person may sign up, whose address is confirmed by it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from identity.models import Invitation
from identity.models.linked import owner_of_email
from identity.sessions.store import digest


def address_to_invite(email: str) -> str:
    """The address as it is kept.

    Raises:
        ValidationError: it is malformed, or opens an account already.
    """
    validate_email(email)
    if owner_of_email(email):
        raise ValidationError(_("Somebody with this address has an account already."))
    return email.lower()


def invite(email: str, now: datetime) -> Invitation:
    """Mail an invitation; an earlier one to the same address, if nobody used it, is void from now on.

    Args:
        email: see ``address_to_invite``.
        now: aware UTC.
    """
    secret = secrets.token_urlsafe(32)
    expires = now + timedelta(seconds=settings.LIFETIMES.invitation)
    with transaction.atomic():
        Invitation.objects.withdraw(email)
        invitation = Invitation.objects.create(email=email, digest=digest(secret), created=now, expires=expires)
        facts = {"invitation_url": reverse("account_invitation", args=[secret]), "expires": expires}
        get_adapter().send_mail("account/email/invitation", email, facts)
    return invitation
