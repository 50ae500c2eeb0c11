"""Ending tokens: one family, or all of a person, a client, a session, a consent. One statement each; at once for every process."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from oauth_server.audit.events import TokenRevoked
from oauth_server.audit.record import record
from oauth_server.models import AccessToken, AuthorizationCode, Consent, RevokedToken, TokenFamily
from oauth_server.tokens.find import ACCESS, Found


def revoke_family(family: uuid.UUID, now: datetime, reason: str) -> bool:
    """End one family with everything it issued; False when it was dead or unknown."""
    return bool(TokenFamily.objects.revoke(Q(pk=family), now, reason))


def revoke_for(now: datetime, reason: str, **whose: Any) -> int:
    """End every live family of a ``user``, ``application``, ``session`` or ``consent``; answers how many.

    A code asks for its session and consent when it is redeemed, and for ``tokens_not_before`` of its client; nothing else
    knows that a person's sign-ins were to lead to nothing. Codes first: one that is being redeemed is waited for.
    """
    if "user" in whose:
        AuthorizationCode.objects.withdraw(whose["user"])
    count = TokenFamily.objects.revoke(Q(**whose), now, reason)
    if "application" in whose:
        count += AccessToken.objects.revoke(Q(application=whose["application"], family=None), now)
    if count:
        record(TokenRevoked(reason=reason, count=count, **_names(whose)))
    return count


def revoke_session(session_sid: str, user: uuid.UUID, now: datetime, reason: str) -> int:
    """End what a sign-in led to, less the offline access of clients that were told it outlives it (Back-Channel Logout §2.7)."""
    where = Q(session=session_sid) & ~Q(
        application__offline_access_survives_logout=True, scope__regex=r"(^| )offline_access( |$)"
    )
    count = TokenFamily.objects.revoke(where, now, reason)
    if count:
        record(TokenRevoked(reason=reason, count=count, **_names({"user": user})))
    return count


def withdraw_consent(consent: int, now: datetime, reason: str) -> bool:
    """Take a consent back and end what was issued under it, together; False when it was taken back before.

    Args:
        consent: primary key of the consent.
        now: aware UTC.
        reason: for the families and the audit log.
    """
    with transaction.atomic():
        if not Consent.objects.revoke(consent, now):
            return False
        revoke_for(now, reason, consent=consent)
    return True


def withdraw_access(user: uuid.UUID, application: int, now: datetime, reason: str) -> bool:
    """Take back all that a client has of a person: the consent, if there is one, codes on their way, and every family.

    Args:
        user: the person.
        application: primary key of the client.
        now: aware UTC.
        reason: for the families and the audit log.

    Returns:
        Whether there was anything to take back.
    """
    with transaction.atomic():
        AuthorizationCode.objects.withdraw(user, application)
        consents = Consent.objects.withdraw(user, application, now)
        families = TokenFamily.objects.revoke(Q(user=user, application=application), now, reason)
    return bool(consents or families)


def revoke_found(found: Found, now: datetime, reason: str) -> None:
    """End a token with its family (RFC 7009 §2.1): with a refresh token its access tokens, and the other way round.

    Somebody who throws one of them away does not mean to keep the other.
    """
    if found.family is not None:
        revoke_family(found.family, now, reason)
    elif found.jti:
        RevokedToken.objects.add(found.jti, found.expires)
    elif found.kind == ACCESS:
        AccessToken.objects.revoke(Q(digest=found.digest), now)


def _names(whose: dict[str, Any]) -> dict[str, str]:
    return {"user": str(whose["user"])} if isinstance(whose.get("user"), uuid.UUID) else {}
