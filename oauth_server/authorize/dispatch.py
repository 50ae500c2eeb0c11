"""The one place that knows what comes after what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from identity.models import LoginSession
from oauth_server.authorize.prompts import REASONS, Ask, Situation, is_too_weak, names_somebody_else
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients.client import RegisteredClient
from oauth_server.models import Consent, Interaction
from oauth_server.protocol.errors import LoginRequired, OAuthError, UnmetAuthenticationRequirements


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
    if (failure := _failed(situation)) is not None:
        return Refuse(failure)
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


def _failed(situation: Situation) -> OAuthError | None:
    """Why the sign-in that was just made does not do, and asking on would loop (OpenID Connect Core §3.1.2.2, §5.5.1.1)."""
    if not situation.signed_in_for_this:
        return None
    if names_somebody_else(situation):
        return LoginRequired("Another person signed in than the request names.")
    if is_too_weak(situation):
        return UnmetAuthenticationRequirements("The person did not sign in as strongly as the request demands.")
    return None
