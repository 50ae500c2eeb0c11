"""A sign-in that is used from more networks in a short time than somebody who moves about has: perhaps its cookie was copied."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest

from identity.account.alarm import distrust
from identity.models import LoginSession
from identity.sessions.roaming import Roaming, network_of
from identity.signals import session_moved

_TRUSTED_NO_MORE: Final = ("step_up", "end")


def here(request: HttpRequest) -> str:
    """The network that a request comes from; empty when that is not known.

    Args:
        request: after the middleware that knows trusted proxies.
    """
    return network_of(request.META.get("REMOTE_ADDR"), settings.NETWORK_PREFIXES)


def lives_on(request: HttpRequest, session: LoginSession, now: datetime) -> bool:
    """Note where a sign-in is used from; False when that ends it.

    A request from a network that it was last used from costs no statement.

    Args:
        request: of the browser that carries the sign-in.
        session: the sign-in.
        now: aware UTC.
    """
    too_much, network = settings.NETWORK_CHANGES, here(request)
    if not too_much.amount or Roaming.from_json(session.whereabouts).knows(network):
        return True
    with transaction.atomic():
        changes = LoginSession.objects.move(session.sid, network, now, too_much.seconds)
        if not too_much.is_first_beyond(changes):
            return True
        ends = settings.NETWORK_CHANGES_POLICY == "end"
        if settings.NETWORK_CHANGES_POLICY in _TRUSTED_NO_MORE:
            distrust(session.user_id, session.sid, now, ends=ends)
            session.suspected_at = now
        session_moved.send(sender=LoginSession, session=session, changes=changes, ended=ends, now=now)
    if ends:
        logout(request)
    return not ends
