"""What happens to people becomes events: ``identity`` knows nothing of the audit and speaks by signals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver

from identity import signals
from identity.models import Invitation, LoginSession, Upstream, User
from identity.subjects import public_subject
from oauth_server.audit import events_deletion
from oauth_server.audit import events_identity as events
from oauth_server.audit import events_upstream as upstream_events
from oauth_server.audit.events_operator import RecordAdded, RecordChanged
from oauth_server.audit.record import record, record_later


def _meant(credentials: Mapping[str, Any]) -> str:
    """The subject of whom somebody tried to be, empty for nobody; one statement either way, so that its time tells nothing."""
    person = User.objects.called(credentials.get("username") or credentials.get("email") or "")
    return public_subject(person.pk) if person else ""


@receiver(signals.session_started, dispatch_uid="audit.session_started")
def _started(session: LoginSession, *, again: bool, **_: Any) -> None:
    fact = events.SignedIn(
        user=public_subject(session.user_id), sid=session.sid, acr=session.acr, amr=" ".join(session.amr), again=again
    )
    record(fact)


@receiver(signals.session_ended, dispatch_uid="audit.session_ended")
def _ended(sessions: list[str], user: User, reason: str, **_: Any) -> None:
    for sid in sessions:
        record(events.SessionEnded(user=public_subject(user.pk), sid=sid, reason=reason))


@receiver(signals.session_moved, dispatch_uid="audit.session_moved")
def _moved(session: LoginSession, changes: int, *, ended: bool, **_: Any) -> None:
    record(events.SessionMoved(user=public_subject(session.user_id), sid=session.sid, changes=changes, ended=ended))


@receiver(user_login_failed, dispatch_uid="audit.user_login_failed")
def _refused(credentials: Mapping[str, Any], **_: Any) -> None:
    record(events.SignInRefused(user=_meant(credentials)))


@receiver(signals.guessing_blocked, dispatch_uid="audit.guessing_blocked")
def _blocked(credentials: Mapping[str, Any], **_: Any) -> None:
    # In batches: an attacker who is blocked must not make the database write a row at each try.
    record_later(events.GuessingBlocked(user=_meant(credentials)))


@receiver(signals.password_unchecked, dispatch_uid="audit.password_unchecked")
def _password_unchecked(user: User | None, **_: Any) -> None:
    record_later(events.PasswordUnchecked(user=public_subject(user.pk) if user else ""))


@receiver(signals.code_mailed, dispatch_uid="audit.code_mailed")
def _code_mailed(user: User | None, **_: Any) -> None:
    # In batches, whoever is meant: the time of the answer must not tell who has an account.
    record_later(events.CodeMailed(user=public_subject(user.pk) if user else ""))


@receiver(signals.code_refused, dispatch_uid="audit.code_refused")
def _code_refused(user: User | None, **_: Any) -> None:
    record(events.CodeRefused(user=public_subject(user.pk) if user else ""))


@receiver(signals.sign_up_begun, dispatch_uid="audit.sign_up_begun")
def _sign_up_begun(user: User | None, **_: Any) -> None:
    # In batches, as for code_mailed.
    record_later(events.SignUpBegun(user=public_subject(user.pk) if user else ""))


@receiver(signals.sign_up_refused, dispatch_uid="audit.sign_up_refused")
def _sign_up_refused(user: User | None, reason: str = "wrong_code", **_: Any) -> None:
    record(events.SignUpRefused(user=public_subject(user.pk) if user else "", reason=reason))


@receiver(signals.password_postponed, dispatch_uid="audit.password_postponed")
def _postponed(**_: Any) -> None:
    record_later(events.PasswordPostponed())


@receiver(authentication_failed, dispatch_uid="audit.authentication_failed")
def _factor_refused(user: User, authenticator: Any, **_: Any) -> None:
    record(events.SecondFactorRefused(user=public_subject(user.pk), factor=str(authenticator.type)))


@receiver(signals.account_changed, dispatch_uid="audit.account_changed")
def _changed(user: User | None, fact: str, **_: Any) -> None:
    record(events.AccountChanged(user=public_subject(user.pk) if user else "", change=fact))


# Reasons that nobody but an attacker, or a provider that is broken, gives.
_FORGED = frozenset({"issuer_differs", "id_token_refused", "userinfo_refused", "logout_token_refused"})


@receiver(signals.upstream_refused, dispatch_uid="audit.upstream_refused")
def _upstream_refused(upstream: str, reason: str, detail: str, **_: Any) -> None:
    kind = upstream_events.UpstreamForged if reason in _FORGED else upstream_events.UpstreamRefused
    # In batches: anybody can open a callback's address, and must not make the database write a row at each try.
    record_later(kind(upstream=upstream[:40], reason=reason, detail=detail[:300]))


@receiver(signals.upstream_changed, dispatch_uid="audit.upstream_changed")
def _upstream_changed(sender: type[Upstream], upstream: str, *, created: bool, **_: Any) -> None:
    record((RecordAdded if created else RecordChanged)(model=sender._meta.label, record=upstream))


@receiver(signals.person_invited, dispatch_uid="audit.person_invited")
def _invited(sender: type[Invitation], invitation: Invitation, **_: Any) -> None:
    record(RecordAdded(model=sender._meta.label, record=str(invitation.pk)))


@receiver(signals.user_disabled, dispatch_uid="audit.user_disabled")
def _disabled(user: User, reason: str, **_: Any) -> None:
    record(events.PersonDisabled(user=public_subject(user.pk), reason=reason))


@receiver(signals.user_enabled, dispatch_uid="audit.user_enabled")
def _enabled(user: User, **_: Any) -> None:
    record(events.PersonEnabled(user=public_subject(user.pk)))


@receiver(signals.deletion_requested, dispatch_uid="audit.deletion_requested")
def _deletion_requested(user: User, due: datetime, **_: Any) -> None:
    record(events_deletion.DeletionRequested(user=public_subject(user.pk), due=due.isoformat()))


@receiver(signals.deletion_cancelled, dispatch_uid="audit.deletion_cancelled")
def _deletion_cancelled(user: User, **_: Any) -> None:
    record(events_deletion.DeletionCancelled(user=public_subject(user.pk)))


@receiver(signals.person_erased, dispatch_uid="audit.person_erased")
def _erased(user: User, **_: Any) -> None:
    record(events_deletion.PersonDeleted(user=public_subject(user.pk)))
