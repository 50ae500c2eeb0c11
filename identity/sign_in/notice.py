"""A mail to the owner when an account is signed in to on a browser that it was not used on before (ASVS 5.0 §6.3.5)."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.functional import lazy

from identity.account.devices import describe
from identity.models import LoginSession, User
from identity.sign_in.device import device_of
from identity.signals import session_started


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
