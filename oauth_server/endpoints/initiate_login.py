"""Open an application from here: a sign-in that a third party, we ourselves, initiates (OpenID Connect Core §4)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from identity.models import LoginSession
from identity.sessions import read as sessions
from oauth_server.authorize.consent import remembered
from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.endpoints.pages import page, see_other
from oauth_server.protocol import uris


@page("initiate_login", "GET")
def initiate_login(request: HttpRequest, now: datetime, client_id: str) -> HttpResponse:
    """Send the browser to the client's ``initiate_login_uri``, with ``iss`` and, where it may know it, ``login_hint``.

    Raises:
        Http404: no such client, or none that can be opened from here.
    """
    client = registry.get(client_id)
    address = client.metadata.get("initiate_login_uri") if client is not None and client.is_active else None
    if client is None or not isinstance(address, str) or not address.startswith("https://"):
        raise Http404
    session = sessions.current(request, now)
    members = {"iss": settings.ISSUER}
    if session is not None and (hint := _hint(session, client, now)):
        members["login_hint"] = hint
    return see_other(uris.with_query(address, members))


def _hint(session: LoginSession, client: RegisteredClient, now: datetime) -> str:
    """What the sign-in page knows the person by, if the person let this client know it.

    Any page on the web can send a browser here: a client must not learn from it who passes by.
    """
    consent = remembered(session, client, now)
    known = client.scope if client.skip_authorization else frozenset(consent.scope.split() if consent else ())
    if "profile" in known:
        return session.user.username
    return session.user.email if "email" in known else ""
