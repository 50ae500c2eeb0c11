"""Where a sign-in comes from waits in the browser's session until its last step is done: a second factor, say."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Final

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from identity.at_rest import seal, unseal
from identity.models import LoginSession, UpstreamSignIn, User

# What allauth's records call it.
METHOD: Final = "socialaccount"
KEY: Final = "upstream_sign_in"
_CONTEXT: Final = "upstream id token"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from.

    Attributes:
        upstream: the provider's slug.
        issuer: who vouches.
        subject: for whom.
        sid: the provider's session; empty without one.
        sealed_id_token: for signing out there; empty without one.
    """

    upstream: str
    issuer: str
    subject: str
    sid: str
    sealed_id_token: str = ""


def seal_id_token(token: str) -> str:
    """An ID token as it may stand in a session or a row: it says more of a person than either needs."""
    return base64.b64encode(seal(token.encode(), _CONTEXT)).decode() if token else ""


def put(request: HttpRequest, origin: Origin) -> None:
    """Keep it; what an earlier sign-in left is replaced."""
    request.session[KEY] = asdict(origin)


def take(request: HttpRequest, user: User) -> Origin | None:
    """Take it out, once; None when this very sign-in did not begin with a provider.

    Args:
        request: its session, and allauth's records in it.
        user: who signed in.
    """
    kept = request.session.pop(KEY, None)
    if kept is None:
        return None
    records = get_authentication_records(request, user)
    began = {record.get("provider") for record in records if record.get("method") == METHOD}
    # What was left by a sign-in that was given up counts for nothing.
    if kept["issuer"] not in began:
        return None
    return Origin(**kept)


def remember_origin(session: LoginSession, origin: Origin) -> None:
    """Note with our sign-in which one elsewhere it came from."""
    sealed = base64.b64decode(origin.sealed_id_token) or None
    UpstreamSignIn.objects.remember(session, origin.upstream, origin.issuer, origin.subject, origin.sid, sealed)


def id_token_of(row: UpstreamSignIn) -> str:
    """The ID token that a sign-in began with; empty without one."""
    return unseal(bytes(row.wrapped_id_token), _CONTEXT).decode() if row.wrapped_id_token else ""
