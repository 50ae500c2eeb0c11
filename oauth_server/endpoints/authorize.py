"""The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): a request comes in, the browser goes to its next step."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from identity.sessions import read as sessions
from oauth_server.audit.record import record_later
from oauth_server.authorize import checks, quotas, request_object
from oauth_server.authorize.checks import Destination, WrongRedirectURI
from oauth_server.authorize.consent import remembered
from oauth_server.authorize.dispatch import AskConsent, Login, Refuse, Respond, SelectAccount, StepUp
from oauth_server.authorize.request import AuthorizeRequest, salvage
from oauth_server.authorize.respond import respond, spend
from oauth_server.clients.client import RegisteredClient
from oauth_server.endpoints import browser, browser_state
from oauth_server.endpoints.answers import Reply, refusal
from oauth_server.endpoints.base import WrongMediaType, as_oauth_error, body, limits
from oauth_server.endpoints.interactions import Pending, decide, interaction_page, open_interaction, sign_in, step_up
from oauth_server.endpoints.pages import error_page, page, see_other
from oauth_server.keys import secrets
from oauth_server.models import Interaction
from oauth_server.protocol import parameters as front_door
from oauth_server.protocol.errors import AccessDenied, InvalidRequest, OAuthError, TooManyRequests
from oauth_server.protocol.parameters import Parameters


@csrf_exempt  # OpenID Connect Core §3.1.2.1: clients may POST here; nothing happens but what a GET would do
@page("authorize", "GET", "POST")
def authorize(request: HttpRequest, now: datetime) -> HttpResponse:
    """Judge a request and start it."""
    raw = _raw(request)
    refused: OAuthError | None = None
    try:
        parameters = front_door.parse(raw, limits())
    except InvalidRequest as error:
        parameters, refused = salvage(raw, limits()), error
    try:
        client = checks.asker(parameters)
        if refused is None:
            if parameters.get("request_uri"):
                quotas.read_by_reference(request.META["REMOTE_ADDR"])
            parameters, refused = _unfold(parameters, client, now)
        where = checks.destination(parameters, client)
    except OAuthError as error:
        known = error.client if isinstance(error, WrongRedirectURI) else None
        record_later(refusal(refused or error, known, shown=True))
        return error_page(refused or error)
    if refused is not None:
        return Reply.early(where, parameters).refuse(refused, now)
    try:
        return _start(request, parameters, where, now)
    except TooManyRequests as error:
        # Shown here: a client that hears it would send the browser again at once.
        record_later(refusal(error, where.client, shown=True))
        return error_page(error, where.client)
    except OAuthError as error:
        return Reply.early(where, parameters).refuse(error, now)
    except Exception as exception:
        if parameters.get("prompt") != "none":
            raise
        # Nobody looks at a page of a silent request; RFC 6749 §4.1.2.1 has an error for it.
        return Reply.early(where, parameters).refuse(as_oauth_error(exception), now)


@interaction_page("resume", "GET")
def resume(request: HttpRequest, now: datetime, pending: Pending) -> HttpResponse:
    """Come back from a step; the dispatcher says what is next. ``declined``: the person would rather not prove more."""
    if "declined" in request.GET and pending.row.declined_at is None:
        Interaction.objects.decline(bytes(pending.row.digest), now)
        pending.row.declined_at = now
    return _proceed(request, pending.asked, pending.where, pending, now)


@interaction_page("cancel", "GET")  # a GET: it needs the interaction's key, which only this browser has
def cancel(request: HttpRequest, now: datetime, pending: Pending) -> HttpResponse:
    """The person would rather not sign in: the client hears it, and whoever was signed in stays so."""
    spend(pending.row, now)
    reply = Reply.to(pending.where, pending.asked, browser_state.of(request))
    return reply.refuse(AccessDenied("The person cancelled the sign-in."), now)


def _unfold(parameters: Parameters, client: RegisteredClient, now: datetime) -> tuple[Parameters, OAuthError | None]:
    """The parameters that count; those beside a request object that was refused still say where to send the error."""
    try:
        return request_object.unfold(parameters, client, now), None
    except OAuthError as error:
        return parameters, error
    except Exception as exception:
        if parameters.get("prompt") != "none":
            raise
        return parameters, as_oauth_error(exception)


def _raw(request: HttpRequest) -> bytes:
    if request.method == "GET":
        return str(request.META.get("QUERY_STRING", "")).encode("latin-1", "replace")
    if not front_door.is_form(request.META.get("CONTENT_TYPE", "")):
        raise WrongMediaType("The body must be application/x-www-form-urlencoded in UTF-8.")
    return body(request)


def _start(request: HttpRequest, parameters: Parameters, where: Destination, now: datetime) -> HttpResponse:
    asked = checks.judge(parameters, where, now)
    if request.method == "POST":
        # From another site a POST carries no cookies: who is signed in shows at the GET that follows.
        key, _ = open_interaction(request, asked, where.client, None, now)
        return see_other(reverse("resume", args=[key]))
    return _proceed(request, asked, where, None, now)


def _proceed(
    request: HttpRequest, asked: AuthorizeRequest, where: Destination, pending: Pending | None, now: datetime
) -> HttpResponse:
    session = sessions.current(request, now)
    consent = remembered(session, where.client, now)
    row = pending.row if pending else None
    step = decide(asked, where.client, session, consent, row, now)
    reply = Reply.to(where, asked, browser_state.of(request))
    if isinstance(step, Respond):
        try:
            members = respond(asked, where.client, step.session, consent, row, now)
        except OAuthError as error:
            return reply.refuse(error, now)
        return reply.send(members, now)
    if isinstance(step, Refuse):
        spend(row, now)
        return reply.refuse(step.error, now)
    if pending is not None:
        return see_other(_address(step, pending.key))
    value = browser.of(request)
    new_browser = None if value else secrets.mint("br")
    key, _ = open_interaction(request, asked, where.client, value or new_browser, now)
    response = see_other(_address(step, key))
    if new_browser:
        browser.remember(response, new_browser)
    return response


def _address(step: Login | StepUp | SelectAccount | AskConsent, key: str) -> str:
    if isinstance(step, SelectAccount):
        return reverse("select_account", args=[key])
    if isinstance(step, AskConsent):
        return reverse("consent", args=[key])
    resume_at = reverse("resume", args=[key])
    return step_up(resume_at) if isinstance(step, StepUp) else sign_in(resume_at, again=step.again)
