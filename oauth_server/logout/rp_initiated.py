"""A logout request: what it may say, and what is done with it (OpenID Connect RP-Initiated Logout 1.0 §2, §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from identity.models import LoginSession
from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import sid_of, subject_of
from oauth_server.protocol import uris
from oauth_server.protocol.errors import InvalidRequest
from oauth_server.protocol.parameters import Parameters
from oauth_server.tokens import id_token_hint


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request that was judged.

    Attributes:
        client_id: who asks; empty when nobody says so.
        return_to: the registered address to go to afterwards, ``state`` added; empty for our own last page.
        subject: whom a verified hint names; empty without one.
        sid: which sign-in a verified hint names, as its client knows it; empty when it names none.
        ui_locales: the languages that the client asks for, best first.
    """

    client_id: str = ""
    return_to: str = ""
    subject: str = ""
    sid: str = ""
    ui_locales: tuple[str, ...] = ()


class Outcome(Enum):
    """What to do."""

    END = "end"
    ASK = "ask"
    NOTHING = "nothing"


def read(parameters: Parameters, now: datetime) -> LogoutRequest:
    """Judge a logout request.

    Args:
        parameters: as received.
        now: aware UTC.

    Raises:
        InvalidRequest: the hint is not ours, the client is unknown or another than the hint's, or the address is not one
            that the client registered. Then nothing ends and nothing is redirected (§4).
    """
    hint = None
    if (token := parameters.get("id_token_hint")) is not None:
        hint = id_token_hint.read(token, now)
    client = hint.client if hint else None
    if (client_id := parameters.get("client_id")) is not None:
        if hint is not None and hint.client.client_id != client_id:
            raise InvalidRequest("The id_token_hint is invalid: it was not issued to this client_id.")
        client = registry.get(client_id)
        if client is None:
            raise InvalidRequest("The client_id is invalid: no such application is registered here.")
    return LogoutRequest(
        client_id=client.client_id if client else "",
        return_to=_return_to(parameters, client),
        subject=hint.subject if hint else "",
        sid=hint.sid if hint else "",
        ui_locales=tuple(parameters.get("ui_locales", "").split()),
    )


def _return_to(parameters: Parameters, client: RegisteredClient | None) -> str:
    wanted = parameters.get("post_logout_redirect_uri")
    if wanted is None or client is None or not client.is_active:
        # §3: an address without a client to whom it belongs is never followed.
        return ""
    if wanted not in client.post_logout_redirect_uris:
        raise InvalidRequest(
            "The post_logout_redirect_uri is invalid: it is not one that this application registered.",
            detail=wanted[:300],
        )
    return uris.with_query(wanted, {"state": parameters["state"]}) if "state" in parameters else wanted


def decide(asked: LogoutRequest, session: LoginSession | None) -> Outcome:
    """Whether to end the sign-in at once, to ask first, or to do nothing.

    Only a hint that names this very person and sign-in speaks for them: an old one, somebody else's or none at all might come
    from any page on the web (CVE-2020-10734), and must end nothing by itself (CVE-2026-16206).
    """
    if session is None:
        return Outcome.NOTHING
    client = registry.get(asked.client_id)
    if client is None or not asked.subject or asked.subject != subject_of(client, session.user_id):
        return Outcome.ASK
    # A hint without a sid names a person, not this sign-in: the person is asked.
    return Outcome.END if asked.sid == sid_of(client, session.sid) else Outcome.ASK
