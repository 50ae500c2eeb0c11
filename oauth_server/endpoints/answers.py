"""The answer to the client: its members, ``iss`` and ``state``, sent by the response mode that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string

from oauth_server.audit.events_authorize import AuthorizationRefused
from oauth_server.audit.record import record_later
from oauth_server.authorize import response_jwt, response_modes
from oauth_server.authorize.checks import Destination
from oauth_server.authorize.consent import name_of
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.authorize.response_modes import Redirect
from oauth_server.clients.client import RegisteredClient
from oauth_server.endpoints.pages import allow_forms_to, form_sources, see_other
from oauth_server.logout.session_state import session_state
from oauth_server.protocol.errors import OAuthError
from oauth_server.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Reply:
    """Where and how a client hears from us; made only from a ``Destination``, so never for an unregistered address."""

    client: RegisteredClient
    redirect_uri: str
    mode: str
    state: str
    session_state: str = ""

    @classmethod
    def early(cls, where: Destination, parameters: Parameters) -> Reply:
        """For a request that has not been judged yet."""
        mode = response_modes.mode_for(parameters.get("response_mode"), parameters.get("response_type"))
        return cls(where.client, where.redirect_uri, mode, parameters.get("state", ""))

    @classmethod
    def to(cls, where: Destination, asked: AuthorizeRequest, browser_state: str | None = None) -> Reply:
        """For a request that passed all checks.

        Args:
            where: to whom and where.
            asked: the request.
            browser_state: of the browser that gets the answer (``endpoints.browser_state``); None for no ``session_state``.
        """
        tells = browser_state is not None and asked.is_openid
        state = session_state(where.client.client_id, where.redirect_uri, browser_state or "") if tells else ""
        return cls(where.client, where.redirect_uri, asked.response_mode, asked.state, state)

    def send(self, members: dict[str, str], now: datetime) -> HttpResponse:
        """The answer over HTTP; ``iss`` is in each of them (RFC 9207 §2)."""
        members = {**members, "iss": settings.ISSUER}
        if self.state:
            members["state"] = self.state
        if self.session_state:
            # Session Management §3: errors have it too, since a silent request that fails is how a client learns of a sign-out.
            members["session_state"] = self.session_state
        if response_modes.is_jwt(self.mode):
            members = response_jwt.seal(self.client, members, now)
        answer = response_modes.answer(self.mode, self.redirect_uri, members)
        if isinstance(answer, Redirect):
            return see_other(answer.location)
        html = render_to_string(
            "authorize/form_post.html",
            {"action": answer.action, "members": answer.members, "client_name": name_of(self.client)},
        )
        response = HttpResponse(html)
        # Our other pages send no Origin across origins ("null"), which clients that check it would refuse.
        response["Referrer-Policy"] = "strict-origin"
        return allow_forms_to(response, form_sources([self.redirect_uri]))

    def refuse(self, error: OAuthError, now: datetime) -> HttpResponse:
        """An error that travels to the client (RFC 6749 §4.1.2.1)."""
        record_later(refusal(error, self.client))
        return self.send(error.members(), now)


def refusal(error: OAuthError, client: RegisteredClient | None, *, shown: bool = False) -> AuthorizationRefused:
    """The fact of a refusal, with all of the error's voices."""
    return AuthorizationRefused(
        client_id=client.client_id if client else "",
        error=error.error,
        description=error.description,
        hint=error.hint,
        detail=error.detail,
        shown=shown,
    )
