"""The one place that knows what comes after what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from identity.models import LoginSession
from oauth_server.authorize.prompts import REASONS, Ask, Situation, names_somebody_else
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients.client import RegisteredClient
from oauth_server.models import Consent, Interaction
from oauth_server.protocol.errors import LoginRequired, OAuthError


@dataclass(frozen=True, slots=True)
class Login:
    """The person signs in; ``again`` when somebody is signed in already."""

    reason: str
    again: bool


@dataclass(frozen=True, slots=True)
class SelectAccount:
    """The person says which account."""

    reason: str


@dataclass(frozen=True, slots=True)
class AskConsent:
    """The person allows or denies."""

    reason: str


@dataclass(frozen=True, slots=True)
class Respond:
    """Nothing is left to ask: the client gets its answer, for this sign-in."""

    session: LoginSession


@dataclass(frozen=True, slots=True)
class Refuse:
    """The client gets an error."""

    error: OAuthError


Step = Login | SelectAccount | AskConsent | Respond | Refuse


def next_step(
    request: AuthorizeRequest,
    client: RegisteredClient,
    session: LoginSession | None,
    consent: Consent | None,
    progress: Interaction | None,
    now: datetime,
) -> Step:
    """What the browser does next: the first reason that applies decides.

    Args:
        request: what the client asks for.
        client: who asks.
        session: the live sign-in of this browser, if any.
        consent: what that person allowed this client before, if it is still in force.
        progress: the stored interaction; None at the first look.
        now: aware UTC.
    """
    situation = Situation(request, client, session, consent, progress, now)
    if names_somebody_else(situation) and situation.signed_in_for_this:
        # OpenID Connect Core §3.1.2.2: after a sign-in as somebody else than the hint names, an error; asking on would loop.
        return Refuse(LoginRequired("Another person signed in than the id_token_hint names."))
    for reason in REASONS:
        if not reason.applies(situation):
            continue
        if "none" in request.prompt:
            return Refuse(reason.error(f"prompt=none, but the person would have to be asked ({reason.name})."))
        if reason.ask is Ask.LOGIN:
            return Login(reason.name, again=session is not None)
        return SelectAccount(reason.name) if reason.ask is Ask.SELECT_ACCOUNT else AskConsent(reason.name)
    if session is None:  # the first row of REASONS has said so; for the type checker
        return Refuse(LoginRequired())
    return Respond(session)
