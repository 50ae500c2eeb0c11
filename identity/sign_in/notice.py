"""Mails to the owner: of a sign-in on a browser that was not used before (ASVS 5.0 §6.3.5), and of one that looks as if it was copied."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.functional import lazy

from identity.account.alarm import Alarm, raise_alarm
from identity.account.devices import describe
from identity.models import LoginSession, User
from identity.sign_in.device import device_of
from identity.signals import session_moved, session_started


@receiver(session_started, dispatch_uid="identity.new_device")
def tell_the_owner(session: LoginSession, request: HttpRequest, *, again: bool, **_: Any) -> None:
    """Mail, unless the browser is known, the sign-in was there before, or it is the first one of all.

    To an address that the person owns: whoever only claims one must not have its owner told about strangers.
    """
    user = session.user
    if again or not settings.FEATURES.new_device_notice or device_of(request, user):
        return
    if context.request is None:
        return  # no page was asked for: somebody calls Django's login() by itself, and no browser is new
    if getattr(request, "is_first_sign_in", False) or not User.objects.owns_email(user):
        return
    facts = {
        "browser": lazy(describe, str)(session.user_agent),  # in the language of the mail, not of this page
        "timestamp": session.created,
        "ip": session.ip_address or "",
        "user_agent": session.user_agent,
    }
    get_adapter().send_mail("account/email/new_device", user.email, facts)


@receiver(session_moved, dispatch_uid="identity.session_moved")
def tell_of_many_networks(session: LoginSession, now: datetime, *, ended: bool, **_: Any) -> None:
    """Mail, unless the operator wants no more than the event."""
    if settings.NETWORK_CHANGES_POLICY == "record":
        return
    facts = {
        "browser": lazy(describe, str)(session.user_agent),
        "ended": ended,
        "suspected": session.suspected_at is not None,
    }
    raise_alarm(Alarm(session.user_id, "sign_in_moved", "", facts), now)
