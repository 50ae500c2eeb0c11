"""Away to a provider: a form on the sign-in page or on the page of linked accounts leads here, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from identity.federation import connection
from identity.federation.linking import LINK, SIGN_IN
from identity.federation.metadata import metadata_of
from identity.federation.pages.shell import leave, refusing
from identity.federation.question import LOGIN, Purpose, Question, Wish, ask
from identity.federation.refusal import Reason, Refused
from identity.sessions.read import current
from identity.sign_in.context import demand_of, with_client
from identity.sign_in.lately import prove_again, proved_lately


@require_http_methods(["GET", "HEAD", "POST"])
@with_client
@refusing
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the provider who this is.

    Only a form of ours begins (CSRF check): a page elsewhere that could begin would sign its visitor in as somebody that it
    chose, or link its own account there to the visitor's account here.
    """
    if request.method != "POST":
        return HttpResponseRedirect(reverse("account_login"))
    made = connection.find(slug)
    if made is None:
        raise Refused(Reason.UNKNOWN)
    return link(request, made) if request.POST.get("process") == LINK else begin(request, made)


def link(request: HttpRequest, made: connection.Connection) -> HttpResponse:
    """Begin to link, for whoever has just proved who they are here."""
    now, back = timezone.now(), reverse("account_connections")
    session = current(request, now)
    if session is None or not proved_lately(session, now):
        return prove_again(session, back)
    # The person chooses which of their accounts there it is.
    question = ask(
        made, metadata_of(made, now), Wish(select_account=True), Purpose(LINK, back, str(session.user_id)), now
    )
    return _leave(request, made, question)


def begin(request: HttpRequest, made: connection.Connection, login_hint: str = "") -> HttpResponse:
    """Begin a sign-in.

    Args:
        request: a POST with ``sign_in``.
        made: the provider.
        login_hint: whom the person says they are.
    """
    now = timezone.now()
    wanted = request.GET.get("next", "")
    target = wanted if get_adapter(request).is_safe_url(wanted) else ""
    wish = wish_of(request)
    if login_hint:
        wish = replace(wish, login_hint=login_hint)
    return _leave(request, made, ask(made, metadata_of(made, now), wish, Purpose(SIGN_IN, target), now))


def _leave(request: HttpRequest, made: connection.Connection, question: Question) -> HttpResponse:
    statekit.stash_state(request, provider_id=made.slug, state=question.remembered.to_json(), state_id=question.state)
    return leave(request, question.address, made)


def wish_of(request: HttpRequest) -> Wish:
    """What the sign-in must be like: what the waiting application asks for (``sign_in_context``) and what the page says.

    Args:
        request: with ``sign_in``.
    """
    asked: Any = request.sign_in  # type: ignore[attr-defined]  # set by with_client
    prompts, demand = asked.get("prompt", ()), demand_of(request)
    return Wish(
        again=request.GET.get("prompt") == LOGIN or LOGIN in prompts,
        since=demand.since.timestamp() if demand.since else None,
        levels=demand.required or ((demand.wished,) if demand.wished else ()),
        login_hint=str(asked.get("login_hint", "")),
        ui_locales=tuple(asked.get("ui_locales", ())),
        select_account="select_account" in prompts,
    )
