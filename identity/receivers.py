"""Imported once when Django is ready: what follows from what happens to an account."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from allauth.account import signals as account
from allauth.account.adapter import get_adapter
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.db.models.signals import post_save
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from identity.account.erase import keep
from identity.account.standing import follow_up
from identity.federation.sign_in import tell_unlinked
from identity.models import LoginSession, TrustedBrowser, User, linked
from identity.sessions import start as _sessions  # noqa: F401  # imported for its effect: sign-in and sign-out
from identity.sessions.end import end_all
from identity.sessions.read import SID
from identity.sign_in import notice as _notice  # noqa: F401  # imported for its effect: a mail about a new browser
from identity.signals import account_changed, session_started

# Signal of allauth → the fact that the audit knows it by.
FACTS: tuple[tuple[Signal, str], ...] = (
    (account.user_signed_up, "account:created"),
    (account.email_confirmed, "account:email:verified"),
    (account.email_added, "account:email:added"),
    (account.email_changed, "account:email:changed"),
    (account.email_removed, "account:email:removed"),
    (account.password_changed, "account:password:changed"),
    (account.password_set, "account:password:set"),
    (account.password_reset, "account:password:reset"),
    (mfa.authenticator_added, "account:factor:added"),
    (mfa.authenticator_removed, "account:factor:removed"),
    (mfa.authenticator_reset, "account:factor:reset"),
)
# Recovery codes come with the first second step and go with the last one, and allauth says of both that they came or went: the
# person did one thing and must not read of two.
OF_CODES: Mapping[str, str] = MappingProxyType(
    {"account:factor:added": "account:codes:added", "account:factor:removed": "account:codes:removed"}
)


def _tell(fact: str) -> Any:
    def tell(request: HttpRequest | None = None, user: User | None = None, **facts: Any) -> None:
        address = facts.get("email_address")
        person = user or (address.user if address is not None else None)
        authenticator = facts.get("authenticator")
        is_codes = authenticator is not None and authenticator.type == Authenticator.Type.RECOVERY_CODES
        told = OF_CODES.get(fact, fact) if is_codes else fact
        account_changed.send(sender=User, user=person, fact=told, request=request)

    return tell


for _signal, _fact in FACTS:
    _signal.connect(_tell(_fact), weak=False, dispatch_uid=f"identity:{_fact}")


@receiver(
    [
        account.password_changed,
        account.password_set,
        account.password_reset,
        mfa.authenticator_added,
        mfa.authenticator_removed,
        mfa.authenticator_reset,
    ],
    dispatch_uid="identity.trust_ends",
)
def _trust_ends(user: User, **_: Any) -> None:
    """Whoever changes how they prove who they are proves it anew, in this browser too."""
    TrustedBrowser.objects.forget_all(user)


@receiver([account.password_changed, account.password_set], dispatch_uid="identity.password_changed")
def _password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    """Whoever knew the former password is signed out everywhere else (ASVS 7.4.3)."""
    end_all(user, timezone.now(), "password_changed", except_sid=request.session.get(SID))


@receiver(account.password_reset, dispatch_uid="identity.password_reset")
def _password_reset(user: User, **_: Any) -> None:
    """A reset is the way back into a stolen account: nobody stays, and nobody comes back by an account elsewhere.

    Whoever made the account before its owner came may have linked their own there (the Trojan identifier of Sudhodanan and Paverd).
    """
    end_all(user, timezone.now(), "password_changed")
    for former in linked.unlink_all(user):
        account_changed.send(sender=User, user=user, fact="account:connection:removed", request=None)
        tell_unlinked(user, former)


@receiver(session_started, dispatch_uid="identity.deletion_cancelled")
def _came_back(session: LoginSession, request: HttpRequest, **_: Any) -> None:
    """Whoever signs in within the grace period keeps the account."""
    if session.user.deletion_due is not None and keep(session.user):
        messages.success(request, gettext("You signed in, so your account stays. It is not deleted."))
        get_adapter().send_notification_mail("account/email/deletion_cancelled", session.user)


@receiver(post_save, sender=User, dispatch_uid="identity.standing")
def _saved(instance: User, *, created: bool, raw: bool = False, **_: Any) -> None:
    if created:
        instance.was_active = instance.is_active
    elif not raw:
        follow_up(instance, timezone.now())
