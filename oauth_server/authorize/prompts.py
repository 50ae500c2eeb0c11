"""Why a person must be asked: every reason has a name, a test, the step that settles it, and the error of ``prompt=none``.

(OpenID Connect Core §3.1.2.1, §3.1.2.3, §3.1.2.4, §3.1.2.6.) Pure: the models are only read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from identity.claims import SCOPE_CLAIMS
from identity.models import LoginSession
from identity.sign_in.demand import Demand
from oauth_server.authorize.left_out import left_out
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.subjects import subject_of
from oauth_server.models import Consent, Interaction
from oauth_server.protocol.errors import (
    AccountSelectionRequired,
    ConsentRequired,
    LoginRequired,
    OAuthError,
)

PROMPTS: Final = ("none", "login", "consent", "select_account")


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision may look at.

    Attributes:
        request: what the client asks for.
        client: who asks.
        session: the live sign-in of this browser, if any.
        consent: what that person allowed this client before, if it is still in force.
        progress: the stored interaction with the steps done so far; None at the first look.
        now: aware UTC.
        ways: what that person can prove who they are with; asked only when something is missing.
    """

    request: AuthorizeRequest
    client: RegisteredClient
    session: LoginSession | None
    consent: Consent | None
    progress: Interaction | None
    now: datetime
    ways: Callable[[], Collection[str]]

    @property
    def declined(self) -> bool:
        """Whether the person would rather not prove more than they did."""
        return self.progress is not None and self.progress.declined_at is not None

    @property
    def demand(self) -> Demand:
        """What is asked of the sign-in."""
        return demand_of(self.request, self.client, self.progress, self.now)

    @property
    def signed_in_for_this(self) -> bool:
        """Whether the person proved who they are after this request began: the proof of the sign-in step."""
        return (
            self.session is not None and self.progress is not None and self.session.auth_time >= self.progress.created
        )

    @property
    def consented_in_this(self) -> bool:
        """Whether this very person agreed in this very interaction: whoever signs in elsewhere meanwhile did not."""
        return (
            self.session is not None
            and self.progress is not None
            and self.progress.consented_by is not None
            and self.progress.consented_by == self.session.user_id
        )


def demand_of(
    request: AuthorizeRequest, client: RegisteredClient, progress: Interaction | None, now: datetime
) -> Demand:
    """What a request, and an operator for its client, ask of a sign-in.

    A proof that was given for this very request is always young enough: else ``max_age=0`` would ask for ever.
    """
    begun = progress.created if progress else now
    since = None
    if request.max_age is not None:
        since = min(now - timedelta(seconds=min(request.max_age, 10**9)), begun)
    if "login" in request.prompt:
        since = begun
    required = (request.essential_acr, (client.minimum_acr,) if client.minimum_acr else ())
    return Demand(tuple(levels for levels in required if levels), request.preferred_acr, since)


class Ask(Enum):
    """The kinds of asking."""

    LOGIN = "login"
    STEP_UP = "step_up"
    SELECT_ACCOUNT = "select_account"
    CONSENT = "consent"


class Reason(NamedTuple):
    """A row of REASONS."""

    name: str
    ask: Ask
    applies: Callable[[Situation], bool]
    error: type[OAuthError]
    source: str


def _nobody_signed_in(s: Situation) -> bool:
    return s.session is None


def _prompt_login(s: Situation) -> bool:
    return "login" in s.request.prompt and not s.signed_in_for_this


def _too_long_ago(s: Situation) -> bool:
    return (
        s.request.max_age is not None
        and s.session is not None
        and not Demand(since=s.demand.since).is_met(s.session.proved)
    )


def _somebody_else(s: Situation) -> bool:
    return names_somebody_else(s) and not s.signed_in_for_this


def names_somebody_else(s: Situation) -> bool:
    """Whether the ``id_token_hint`` or a ``sub`` asked for names another person than the one who is signed in."""
    if s.session is None or not s.request.named_subjects:
        return False
    subject = subject_of(s.client, s.session.user_id)
    return any(subject not in subjects for subjects in s.request.named_subjects)


def is_too_weak(s: Situation) -> bool:
    """Whether the sign-in does not reach the level that the client cannot do without, or the operator wants for it."""
    return s.session is not None and not s.demand.is_met(s.session.proved)


def _stronger_is_wished(s: Situation) -> bool:
    if s.session is None or s.declined or "none" in s.request.prompt or not s.demand.wished:
        return False
    return bool(s.demand.missing(s.session.proved, s.ways()))


def _prompt_select_account(s: Situation) -> bool:
    if "select_account" not in s.request.prompt or s.session is None:
        return False
    chosen = s.progress.account_selected_at if s.progress else None
    if chosen is None:
        # Whoever has just signed in for this request has chosen by doing so.
        return not s.signed_in_for_this
    # A choice is about the account that was signed in then; a later sign-in in another tab is another account.
    return s.session.auth_time > chosen


def _prompt_consent(s: Situation) -> bool:
    return "consent" in s.request.prompt and not s.consented_in_this


def _never_allowed(s: Situation) -> bool:
    return not s.client.skip_authorization and s.consent is None


def _scope_grew(s: Situation) -> bool:
    if s.client.skip_authorization or s.consent is None:
        return False
    decided = left_out(s.request, s.client, s.consent).union(s.consent.scope.split())
    return not decided.issuperset(s.request.scope)


def _nothing_is_left(s: Situation) -> bool:
    # An answer without a scope would mean that all that was asked is granted (RFC 6749 §5.1).
    return bool(s.request.scope) and left_out(s.request, s.client, s.consent).issuperset(s.request.scope)


def _claims_grew(s: Situation) -> bool:
    if s.client.skip_authorization or s.consent is None:
        return False
    covered = set(s.consent.claims).union(*(SCOPE_CLAIMS.get(scope, ()) for scope in s.consent.scope.split()))
    return not covered.issuperset(s.request.extra_claims)


def _unverified_client(s: Situation) -> bool:
    # Any program on the device can listen on loopback or claim a private-use scheme and call itself this client, and a public
    # client proves nothing at the token endpoint: a remembered yes would hand it a code without anybody noticing.
    if s.client.skip_authorization or not s.client.is_public or s.consented_in_this:
        return False
    if s.request.redirect_uri.startswith("https://"):
        return False
    # A page under development on loopback may renew silently, but only within the sign-in in which the person agreed.
    agreed_lately = s.session is not None and s.consent is not None and s.consent.updated >= s.session.auth_time
    return s.client.application_type == "native" or not agreed_lately


REASONS: Final = (
    Reason("nobody_signed_in", Ask.LOGIN, _nobody_signed_in, LoginRequired, "OpenID Connect Core §3.1.2.3"),
    Reason("prompt_login", Ask.LOGIN, _prompt_login, LoginRequired, "OpenID Connect Core §3.1.2.1"),
    Reason("signed_in_too_long_ago", Ask.LOGIN, _too_long_ago, LoginRequired, "OpenID Connect Core §3.1.2.1"),
    Reason("hint_names_somebody_else", Ask.LOGIN, _somebody_else, LoginRequired, "OpenID Connect Core §3.1.2.2"),
    Reason("signed_in_too_weakly", Ask.STEP_UP, is_too_weak, LoginRequired, "OpenID Connect Core §5.5.1.1"),
    Reason("stronger_is_wished", Ask.STEP_UP, _stronger_is_wished, LoginRequired, "RFC 9470 §5"),
    Reason(
        "prompt_select_account",
        Ask.SELECT_ACCOUNT,
        _prompt_select_account,
        AccountSelectionRequired,
        "OpenID Connect Core §3.1.2.1",
    ),
    Reason("prompt_consent", Ask.CONSENT, _prompt_consent, ConsentRequired, "OpenID Connect Core §3.1.2.1"),
    Reason("never_allowed", Ask.CONSENT, _never_allowed, ConsentRequired, "OpenID Connect Core §3.1.2.4"),
    Reason("scope_grew", Ask.CONSENT, _scope_grew, ConsentRequired, "OpenID Connect Core §3.1.2.4"),
    Reason("nothing_is_left", Ask.CONSENT, _nothing_is_left, ConsentRequired, "RFC 6749 §5.1"),
    Reason("claims_grew", Ask.CONSENT, _claims_grew, ConsentRequired, "OpenID Connect Core §5.5"),
    Reason("unverified_client", Ask.CONSENT, _unverified_client, ConsentRequired, "RFC 8252 §8.6"),
)
