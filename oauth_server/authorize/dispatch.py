"""The one place that knows what comes after what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from identity.models import LoginSession
from identity.sign_in.demand import Demand
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
class StepUp:
    """The person who is signed in proves more."""

    reason: str


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


Step = Login | StepUp | SelectAccount | AskConsent | Respond | Refuse

STEPS: Final[Mapping[Ask, Callable[[str], StepUp | SelectAccount | AskConsent]]] = {
    Ask.STEP_UP: StepUp,
    Ask.SELECT_ACCOUNT: SelectAccount,
    Ask.CONSENT: AskConsent,
}


def next_step(
    request: AuthorizeRequest,
    client: RegisteredClient,
    session: LoginSession | None,
    consent: Consent | None,
    progress: Interaction | None,
    now: datetime,
    ways: Callable[[], Collection[str]] = tuple,
) -> Step:
    """What the browser does next: the first reason that applies decides.

    Args:
        request: what the client asks for.
        client: who asks.
        session: the live sign-in of this browser, if any.
        consent: what that person allowed this client before, if it is still in force.
        progress: the stored interaction; None at the first look.
        now: aware UTC.
        ways: what that person can prove who they are with; called only when something is missing.
    """
    situation = Situation(request, client, session, consent, progress, now, ways)
    if (failure := _failed(situation)) is not None:
        return Refuse(failure)
    for reason in REASONS:
        if not reason.applies(situation):
            continue
        if "none" in request.prompt:
            return Refuse(reason.error(f"prompt=none, but the person would have to be asked ({reason.name})."))
        return (
            Login(reason.name, again=session is not None) if reason.ask is Ask.LOGIN else STEPS[reason.ask](reason.name)
        )
    if session is None:  # the first row of REASONS has said so; for the type checker
        return Refuse(LoginRequired())
    return Respond(session)


def _failed(situation: Situation) -> OAuthError | None:
    """Why asking on would be in vain, or would loop (OpenID Connect Core §3.1.2.2, §5.5.1.1)."""
    if situation.signed_in_for_this and names_somebody_else(situation):
        return LoginRequired("Another person signed in than the request names.")
    if "none" in situation.request.prompt or not is_too_weak(situation):
        return None
    if situation.declined:
        return UnmetAuthenticationRequirements("The person would not sign in as strongly as is demanded.")
    essential = situation.request.essential_acr
    if essential and not Demand((essential,)).can_be_met(situation.ways()):
        return UnmetAuthenticationRequirements("The person cannot sign in as strongly as the request demands.")
    return None
