"""What the pages of an interaction share: load it, check whose browser it is, explain why it cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import partial, wraps
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from identity.look.choice import ask_for
from identity.models import LoginSession
from identity.sign_in.stages import ways_of
from oauth_server.audit.events_authorize import ForeignInteraction
from oauth_server.audit.record import record_later
from oauth_server.authorize import checks, quotas
from oauth_server.authorize.checks import Destination
from oauth_server.authorize.consent import name_of, web_page
from oauth_server.authorize.dispatch import Step, next_step
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.authorize.respond import AlreadyFinishedError
from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.endpoints import browser
from oauth_server.endpoints.pages import Handler, page
from oauth_server.keys import secrets
from oauth_server.models import Consent, Interaction


class Stale(Enum):
    """Why an interaction cannot go on; the page has a sentence for each."""

    UNKNOWN = "unknown"
    FINISHED = "finished"
    EXPIRED = "expired"
    OTHER_BROWSER = "other_browser"


class StaleError(Exception):
    """An address of an interaction that cannot go on."""

    def __init__(self, why: Stale, client: RegisteredClient | None = None) -> None:
        self.why = why
        self.client = client
        super().__init__(why.value)


@dataclass(frozen=True, slots=True)
class Pending:
    """An interaction of this browser that may go on."""

    key: str
    row: Interaction
    asked: AuthorizeRequest
    where: Destination
    new_browser: str | None

    @property
    def client(self) -> RegisteredClient:
        """Who asks."""
        return self.where.client

    @property
    def resume(self) -> str:
        """Where every step returns to."""
        return reverse("resume", args=[self.key])


def open_interaction(
    request: HttpRequest, asked: AuthorizeRequest, client: RegisteredClient, browser_value: str | None, now: datetime
) -> tuple[str, Interaction]:
    """Store a request, once; answers its key, which only the browser gets, and the row.

    Args:
        request: its address is counted.
        asked: the whole request.
        client: who asks.
        browser_value: of the browser that may continue; None for the first one that comes.
        now: the moment of the request.

    Raises:
        TooManyRequests: this address has begun too many.
    """
    quotas.begin_interaction(request.META["REMOTE_ADDR"])
    key = secrets.mint("in")
    row = Interaction(
        digest=secrets.digest(key),
        browser=secrets.digest(browser_value) if browser_value else None,
        application_id=client.pk,
        request=asked.to_json(),
        created=now,
        expires=now + timedelta(seconds=settings.LIFETIMES.interaction),
    )
    row.save(force_insert=True)
    return key, row


def load(request: HttpRequest, key: str, now: datetime, *, claim: bool = True) -> Pending:
    """The interaction that an address names, for the browser that began it.

    Args:
        request: its browser cookie is looked at.
        key: from the address.
        now: aware UTC.
        claim: whether an interaction that no browser has yet becomes this one's.

    Raises:
        StaleError: it cannot go on here.
        OAuthError: its client or redirect URI was unregistered in the meantime.
    """
    row = Interaction.objects.find(secrets.digest(key)) if secrets.well_formed(key, "in") else None
    if row is None:
        raise StaleError(Stale.UNKNOWN)
    client = registry.get(row.application.client_id)
    value = browser.of(request)
    if row.browser is not None and not (value and constant_time_compare(bytes(row.browser), secrets.digest(value))):
        record_later(ForeignInteraction(client_id=row.application.client_id))
        raise StaleError(Stale.OTHER_BROWSER)
    if row.finished_at is not None:
        raise StaleError(Stale.FINISHED, client)
    if row.expires <= now:
        raise StaleError(Stale.EXPIRED, client)
    new_browser = None
    if row.browser is None and claim:
        new_browser = None if value else secrets.mint("br")
        if not Interaction.objects.bind(bytes(row.digest), secrets.digest(value or new_browser or "")):
            raise StaleError(Stale.OTHER_BROWSER)
    asked = AuthorizeRequest.from_json(row.request)
    return Pending(key, row, asked, checks.stands(asked, client), new_browser)


def decide(
    asked: AuthorizeRequest,
    client: RegisteredClient,
    session: LoginSession | None,
    consent: Consent | None,
    row: Interaction | None,
    now: datetime,
) -> Step:
    """What the browser does next; what the person has is looked up when that matters."""
    ways = partial(ways_of, session.user) if session else tuple
    return next_step(asked, client, session, consent, row, now, ways)


def stale_page(error: StaleError) -> HttpResponse:
    """Explain why there is nothing to do here, and where to go on."""
    client = error.client if error.client is not None and error.client.is_active else None
    html = render_to_string(
        "authorize/stale.html",
        {
            "why": error.why.value,
            "client_name": name_of(client) if client else "",
            "client_uri": web_page(client, "client_uri") if client else "",
            "opens": client.client_id if client and "initiate_login_uri" in client.metadata else "",
        },
    )
    return HttpResponse(html, status=400)


def sign_in(resume_at: str, *, again: bool) -> str:
    """The address of the sign-in page, to come back from.

    Args:
        resume_at: where to go on.
        again: whether to ask although somebody is signed in.
    """
    query = {"next": resume_at} | ({"prompt": "login"} if again else {})
    return f"{reverse('account_login')}?{urlencode(query)}"


def step_up(resume_at: str) -> str:
    """The address where somebody who is signed in proves more, to come back from."""
    return f"{reverse('account_login_more')}?{urlencode({'next': resume_at})}"


def sign_in_again(pending: Pending) -> str:
    """Where somebody else, or the same person once more, signs in for this interaction."""
    return sign_in(pending.resume, again=True)


def proof(step: str, pending: Pending, session: LoginSession) -> str:
    """What a step's form carries: a seal over the step, the interaction and the sign-in that the page was shown to.

    A page that was shown to one person says nothing for another who signed in meanwhile.
    """
    return secrets.derive(f"interaction {step}", f"{pending.key} {session.sid} {session.user_id}").hex()


def proves(given: str, step: str, pending: Pending, session: LoginSession) -> bool:
    """Whether a form that came back was shown to this very sign-in."""
    return constant_time_compare(given, proof(step, pending, session))


def interaction_page(name: str, *methods: str) -> Callable[[Handler], Handler]:
    """Wrap a handler ``(request, now, pending) -> HttpResponse`` of an address that names an interaction.

    Args:
        name: for metrics.
        methods: the HTTP methods that it answers.
    """

    def decorate(handler: Handler) -> Handler:
        @page(name, *methods)
        @wraps(handler)
        def view(request: HttpRequest, now: datetime, interaction: str) -> HttpResponse:
            pending = None
            try:
                pending = load(request, interaction, now)
                ask_for(request, pending.asked.ui_locales)
                response = handler(request, now, pending)
            except StaleError as error:
                response = stale_page(error)
            except AlreadyFinishedError:
                response = stale_page(StaleError(Stale.FINISHED, pending.client if pending else None))
            if pending is not None and pending.new_browser:
                browser.remember(response, pending.new_browser)
            return response

        return view

    return decorate
