"""Something looks as if it had been copied: its owner hears of it, and proves anew who they are.

A mail of the same thing comes once in ``SUSPICION_NOTICE_LIFETIME``. It is counted for each person, pattern and application apart: what
one application makes happen, on purpose perhaps, neither fills a mailbox nor uses up what is said of another one.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import transaction

from identity.models import LoginSession, MailedNotice, TrustedBrowser, User
from identity.sessions.end import end

logger = logging.getLogger(__name__)


class Alarm(NamedTuple):
    """What is to be told.

    Attributes:
        person: whose access or sign-in it is.
        mail: the name of the template.
        about: what it is about; the next mail of the same has to wait.
        facts: for the template.
    """

    person: uuid.UUID
    mail: str
    about: str
    facts: Mapping[str, Any]


def raise_alarm(alarm: Alarm, now: datetime) -> None:
    """Mail the owner, to an address that they own, unless they were told of the same lately.

    Args:
        alarm: what is to be told.
        now: aware UTC.
    """
    try:
        with transaction.atomic():
            _mail(alarm, now)
    except (
        Exception
    ):  # whatever an operator's own template raises: what was done against the thief must stand all the same
        logger.exception("The owner of what was used suspiciously could not be told.")


def _mail(alarm: Alarm, now: datetime) -> None:
    user = User.objects.with_key(alarm.person)
    if user is None or not User.objects.owns_email(user):
        return
    digest = hashlib.sha256(f"{alarm.person} {alarm.mail} {alarm.about}".encode()).hexdigest()
    # Claimed together with the mail: one that could not be written has silenced nothing.
    if MailedNotice.objects.claim(digest, now, now + timedelta(seconds=settings.LIFETIMES.suspicion_notice)):
        get_adapter().send_mail(f"account/email/{alarm.mail}", user.email, dict(alarm.facts))


def ask_for_second_step(person: uuid.UUID) -> None:
    """Trust none of a person's browsers any more: at the next sign-in each asks for the second step.

    Args:
        person: whose.
    """
    TrustedBrowser.objects.forget_of_person(person)


def distrust(person: uuid.UUID, sid: str | None, now: datetime, *, ends: bool = False) -> None:
    """Take back what a sign-in is worth: until its person proves again who they are it leads to no application.

    Args:
        person: whose sign-in it is.
        sid: of the sign-in, if there is one still.
        now: aware UTC.
        ends: whether it ends at once instead.
    """
    ask_for_second_step(person)
    session = LoginSession.objects.find(sid, now) if sid else None
    if session is None:
        return
    if ends:
        end(session, now, "suspicious")
    else:
        LoginSession.objects.suspect(session.sid, now)
