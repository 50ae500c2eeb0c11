"""Whoever signs out here is signed out at the provider they came from, too (OpenID Connect RP-Initiated Logout 1.0 §2)."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from identity.federation import connection, sealed, waiting
from identity.federation.metadata import metadata_of
from identity.federation.refusal import Refused
from identity.models import UpstreamSignIn

STATE: Final = "upstream signed out"
LEAVING: Final = "upstream leaving"
# A hint that makes an address longer than servers read is left out; then the provider asks the person.
_LONGEST_HINT: Final = 4_096


def there_too(sid: str, then: str, now: datetime) -> str:
    """Where the browser goes once its sign-in here is over: by way of the provider, if it has an end-session endpoint.

    Args:
        sid: the sign-in, over or not.
        then: where to go in the end; an address of ours or one that a client registered.
        now: aware UTC.

    Returns:
        ``then`` when there is no provider to be told.
    """
    for origin in UpstreamSignIn.objects.of_login(sid) if sid else ():
        made = connection.find(origin.upstream)
        if made is None or not made.row.signs_out_there:
            continue
        endpoint = _end_session_endpoint(made, now)
        if not endpoint:
            continue
        query = {
            "client_id": made.client_id,
            "post_logout_redirect_uri": connection.signed_out_address(),
            "state": sealed.pack({"then": then}, STATE, now),
        }
        hint = waiting.id_token_of(origin)
        if hint and len(hint) <= _LONGEST_HINT:
            query["id_token_hint"] = hint
        address = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"
        # The address follows a form, and Chromium holds redirects after a form against its policy: see ``pages.shell.leave``.
        packed = sealed.pack({"address": address, "name": made.name}, LEAVING, now)
        return f"{reverse('upstream_leaving')}?{urlencode({'to': packed})}"
    return then


def _end_session_endpoint(made: connection.Connection, now: datetime) -> str:
    try:
        endpoint = metadata_of(made, now).endpoint("end_session_endpoint")
    except Refused:
        # A provider that is away must not keep anybody signed in.
        return ""
    return endpoint if endpoint.startswith(("https://", "http://")) else ""
