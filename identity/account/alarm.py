"""Something that one application alone may hold was used twice: its owner hears of it, and proves the second step anew."""

from __future__ import annotations

import logging
import uuid

from allauth.account.adapter import get_adapter
from django.db import transaction

from identity.models import TrustedBrowser, User

logger = logging.getLogger(__name__)


def raise_alarm(person: uuid.UUID, application: str) -> None:
    """Mail the owner, to an address that they own, and ask for the second step at the next sign-in in every browser.

    Args:
        person: whose access it was.
        application: its name, as people know it.
    """
    try:
        with transaction.atomic():
            _raise(person, application)
    except Exception:  # whatever an operator's own template raises: the end of the access must stand all the same
        logger.exception("The owner of an access that was used twice could not be told.")


def _raise(person: uuid.UUID, application: str) -> None:
    user = User.objects.with_key(person)
    if user is None:
        return
    TrustedBrowser.objects.forget_all(user)
    if User.objects.owns_email(user):
        get_adapter().send_mail("account/email/access_reused", user.email, {"application": application})
