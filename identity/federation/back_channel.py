"""A provider says that a sign-in is over: its logout token is judged (OpenID Connect Back-Channel Logout 1.0 §2.6), ours ends."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from identity.federation.connection import Connection
from identity.federation.metadata import accepted_algorithms, keys_of, metadata_of
from identity.federation.refusal import Reason, Refused
from identity.models import ReceivedLogout, UpstreamSignIn
from identity.sessions.end import end
from oauth_server.jose.errors import JoseError
from oauth_server.jose.verify import check_times, inspect, verify

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
# §2.4 recommends the type; providers from before it send none.
TYPES: Final = frozenset({"logout+jwt", "jwt", ""})
REASON: Final = "signed_out_upstream"
# §2.4: a token lives two minutes; one without an end counts for as long as clocks and retries need.
_OLDEST_SECONDS: Final = 600


def receive(token: str, made: Connection, now: datetime) -> int:
    """End what a logout token means; answers how many sign-ins ended. Tokens bound to them end with them.

    Args:
        token: as received.
        made: whose address it came to.
        now: aware UTC.

    Raises:
        Refused: anything at all is wrong with it, or it came before.
    """
    try:
        claims = _judged(token, made, now)
    except JoseError as error:
        raise Refused(Reason.LOGOUT_TOKEN, str(error)) from None
    subject, sid = claims.get("sub", ""), claims.get("sid", "")
    with transaction.atomic():
        # Together: a token whose work was not done must not count as seen.
        if not ReceivedLogout.objects.first_time(_digest(claims), now + timedelta(seconds=2 * _OLDEST_SECONDS)):
            raise Refused(Reason.LOGOUT_TOKEN, "The token came before.")
        meant = UpstreamSignIn.objects.meant(claims["iss"], subject=subject, sid=sid)
        return sum(end(session, now, REASON) for session in meant)


def _judged(token: str, made: Connection, now: datetime) -> Mapping[str, Any]:
    seen = inspect(token)
    # What is free to check is checked before anything is fetched: the sender is nobody we know yet.
    if complaint := _complaint(seen.claims, made):
        raise JoseError(complaint)
    metadata = metadata_of(made, now)
    keys = keys_of(metadata, seen.header.get("kid"), now)
    claims = verify(token, keys, algorithms=accepted_algorithms(metadata), typ=TYPES).claims
    skew = settings.LIFETIMES.clock_skew
    check_times(claims, now, skew, require_exp=False)
    if claims["iat"] < now.timestamp() - _OLDEST_SECONDS - skew:
        raise JoseError("The token is too old.")
    return claims


def _names_us(claims: Mapping[str, Any], made: Connection) -> bool:
    audience = claims.get("aud", "")
    return made.client_id in (audience if isinstance(audience, list) else [audience])


def _is_about_logout(claims: Mapping[str, Any]) -> bool:
    events = claims.get("events")
    return isinstance(events, Mapping) and isinstance(events.get(EVENT), Mapping)


def _complaint(claims: Mapping[str, Any], made: Connection) -> str:
    """What is wrong with the claims (§2.6, 3 to 7); empty for nothing."""
    rules = (
        (made.preset.is_openid and made.accepts_issuer(claims.get("iss", "")), "Its iss is another issuer's."),
        (_names_us(claims, made), "Its aud is another client's."),
        ("iat" in claims, "It has no iat."),
        (bool(claims.get("jti")), "It has no jti."),
        (_is_about_logout(claims), "It is about no logout."),
        (bool(claims.get("sub") or claims.get("sid")), "It names neither a subject nor a session."),
        # An ID token, which a browser has, must never do as a logout token.
        ("nonce" not in claims, "It has a nonce."),
    )
    return next((sentence for holds, sentence in rules if not holds), "")


def _digest(claims: Mapping[str, Any]) -> str:
    parts = (claims["iss"], claims["jti"])
    return hashlib.sha256("\0".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()
