"""What follows from a suspicious refresh: an event, a mail to the owner, and what ``…_POLICY`` says besides.

``record`` stops at the event and ``notice`` at the mail. ``step_up`` ends the grant (``invalid_grant``, which every client answers by
sending its person to the authorization endpoint), and there the person proves again who they are; ``end`` ends the sign-in too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from django.conf import settings
from django.db import transaction

from identity.account.alarm import Alarm, distrust, raise_alarm
from oauth_server.audit.events import Event, FamilyMoved, RefreshBurst
from oauth_server.audit.record import record
from oauth_server.models.spending import NewRow
from oauth_server.models.standing import PresentedRefreshToken
from oauth_server.protocol.errors import InvalidGrant
from oauth_server.tokens.authorization import Authorization, Refused, Save
from oauth_server.tokens.revoke import revoke_family
from oauth_server.tokens.suspicion import BURST, Finding, Rules

RECORD: Final = "record"
STEP_UP: Final = "step_up"
END: Final = "end"


def rules() -> Rules:
    """What the operator calls too much."""
    return Rules(
        settings.REFRESH_BURST, settings.NETWORK_CHANGES, settings.NETWORK_PREFIXES, settings.LIFETIMES.access_token
    )


def against(
    finding: Finding, authorization: Authorization, token: PresentedRefreshToken, now: datetime
) -> Authorization | Refused:
    """A refresh that completes a pattern goes on with one more thing to write down, or becomes a refusal.

    Args:
        finding: with its patterns.
        authorization: what the refresh would lead to.
        token: that was presented.
        now: the moment of the request.
    """
    policies = [_policy(pattern) for pattern in finding.patterns]
    strictest = next((policy for policy in (END, STEP_UP) if policy in policies), "")
    if strictest:
        error = InvalidGrant("This grant was used as if it had been copied; the person has to sign in again.")
        return Refused(error, partial(_end, finding, authorization, token, now, strictest))
    return replace(authorization, save=partial(_save, authorization.save, finding, authorization, token, now))


def _policy(pattern: str) -> str:
    policy: str = settings.REFRESH_BURST_POLICY if pattern == BURST else settings.NETWORK_CHANGES_POLICY
    return policy


def _save(
    save: Save,
    finding: Finding,
    authorization: Authorization,
    token: PresentedRefreshToken,
    now: datetime,
    rows: Sequence[NewRow],
) -> bool:
    """Whoever loses the race for the token tells nobody; who wins it writes down what was found together with it."""
    with transaction.atomic():
        saved = save(rows)
        if saved:
            for event in _tell(finding, authorization, token, now):
                record(event)
    return saved


def _end(
    finding: Finding, authorization: Authorization, token: PresentedRefreshToken, now: datetime, policy: str
) -> Event:
    family = token.family
    # Of two at the same moment the second finds nothing left to end, and is told of in the log alone.
    ended = revoke_family(family.family, now, "suspicious")
    if ended:
        distrust(family.user_id, family.session_id, now, ends=policy == END)
    *others, last = _tell(finding, authorization, token, now, ended=True, silent=not ended)
    for event in others:
        record(event)
    return last


def _tell(
    finding: Finding,
    authorization: Authorization,
    token: PresentedRefreshToken,
    now: datetime,
    *,
    ended: bool = False,
    silent: bool = False,
) -> list[Event]:
    """Mail the owner where the policy says so; answers what is to be recorded."""
    family, client = token.family, authorization.client
    events: list[Event] = []
    for pattern in finding.patterns:
        if not silent and _policy(pattern) != RECORD:
            facts = {"application": client.name, "pattern": pattern, "ended": ended}
            raise_alarm(Alarm(family.user_id, "access_unusual", f"{pattern} {client.client_id}", facts), now)
        who = {"client_id": client.client_id, "user": str(family.user_id), "family": str(family.family)}
        events.append(
            RefreshBurst(generation=token.generation + 1, ended=ended, **who)
            if pattern == BURST
            else FamilyMoved(previous=token.ip_address or "", changes=finding.changes, ended=ended, **who)
        )
    return events
