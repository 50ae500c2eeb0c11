"""Back from a provider: the answer is judged, the code redeemed, the ID token verified, and ``linking`` says what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from identity.federation import answer, connection, guest, id_token, profile
from identity.federation.assurance import as_fresh, vouched
from identity.federation.linking import Standing, Step, decide
from identity.federation.metadata import Metadata, metadata_of
from identity.federation.pages.shell import refusing
from identity.federation.question import Asked
from identity.federation.redeem import redeem
from identity.federation.refusal import Reason, Refused
from identity.federation.sign_in import Arrival, enter, link
from identity.federation.sign_up import at_once
from identity.federation.waiting import seal_id_token
from identity.models import User, linked
from identity.sessions.read import current
from identity.sign_in.context import sign_in_context
from identity.sign_in.forms import may_have_an_account
from identity.sign_in.throttle import HOUR, Guess, Limit, give_back, spend

# Each answer makes us ask the provider: whoever invents answers does it this often and no more.
LIMITS = (Limit(("address",), 100, HOUR),)


@csrf_exempt  # a provider posts here from its own page; the POST does nothing but become a GET
@require_http_methods(["GET", "POST"])
@refusing
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """Judge an answer and act on it."""
    if request.method == "POST":
        # From another site a POST carries no cookies, so no session either: whose answer it is shows at the GET that follows.
        given = {name: request.POST[name] for name in answer.NAMES if name in request.POST}
        return HttpResponseRedirect(f"{request.path}?{urlencode(given)}", status=303)
    now = timezone.now()
    made = connection.find(slug)
    if made is None:
        raise Refused(Reason.UNKNOWN)
    found = answer.read({name: request.GET.getlist(name) for name in answer.NAMES})
    stored = statekit.unstash_state(request, state_id=found.state, provider_id=slug) if found.state else None
    if stored is None:
        raise Refused(Reason.STATE)
    asked = Asked.from_json(stored)
    try:
        return _act(request, _arrival(request, found, made, asked, now), asked, now)
    except Refused as refused:
        refused.next = asked.next
        raise


def _arrival(
    request: HttpRequest, found: answer.Answer, made: connection.Connection, asked: Asked, now: datetime
) -> Arrival:
    if asked.fingerprint != made.fingerprint:
        raise Refused(Reason.STATE, "The provider was set up anew meanwhile.")
    metadata = metadata_of(made, now)
    answer.check_issuer(found, made, metadata)
    code = answer.check_outcome(found)
    guess = Guess("", request.META.get("REMOTE_ADDR", ""), purpose="upstream")
    if not spend(guess, LIMITS):
        raise Refused(Reason.TOO_MANY)
    arrival = _who(made, metadata, code, asked, now)
    give_back(guess, LIMITS)
    return replace(arrival, vouched=as_fresh(arrival.vouched, asked, settings.LIFETIMES.clock_skew))


def _who(made: connection.Connection, metadata: Metadata, code: str, asked: Asked, now: datetime) -> Arrival:
    tokens = redeem(made, metadata, code, asked, now)
    if not made.preset.is_openid:
        stranger = profile.by_userinfo(made, metadata, tokens.access_token)
        return Arrival(made, stranger, vouched({}, made, now), next=asked.next)
    claims = id_token.read(tokens.id_token, made, metadata, asked, access_token=tokens.access_token, now=now)
    stranger = profile.by_id_token(made, metadata, claims, tokens.access_token)
    return Arrival(made, stranger, vouched(claims, made, now), seal_id_token(tokens.id_token), asked.next)


def _dress(request: HttpRequest, wanted: str) -> None:
    """Tell the steps that may follow which application waits: they read ``next``, as on the sign-in page."""
    given = request.GET.copy()
    given["next"] = wanted
    request.GET = given  # type: ignore[assignment]  # a QueryDict all the same
    request.sign_in = sign_in_context(request)  # type: ignore[attr-defined]  # as with_client sets it


def _act(request: HttpRequest, arrival: Arrival, asked: Asked, now: datetime) -> HttpResponse:
    stranger = arrival.stranger
    account = linked.find(stranger.issuer, stranger.subject)
    owner = linked.owner_of_email(stranger.email) if stranger.email else None
    session = current(request, now)
    standing = Standing(
        linked_to=account.user if account else None,
        owner=owner,
        is_guarded=owner is not None and User.objects.has_second_factor(owner),
        signed_in=session.user if session else None,
        linking=asked.person,
    )
    step = decide(arrival.made, stranger, standing, asked.process)
    guest.drop(request)
    _dress(request, asked.next)
    if account is not None and step is Step.SIGN_IN:
        return enter(request, arrival, account, now)
    if owner is not None and step is Step.LINK_BY_EMAIL:
        return enter(request, arrival, link(request, arrival, owner), now)
    is_open = get_adapter().is_open_for_signup(request, None) and may_have_an_account(stranger.email)
    if step is Step.SIGN_UP and is_open:
        return at_once(request, arrival)
    if step in {Step.ASK, Step.SIGN_UP}:
        guest.put(request, arrival, now)
        return HttpResponseRedirect(reverse("upstream_newcomer"), status=303)
    if session is not None and step is Step.LINK:
        link(request, arrival, session.user)
        messages.success(request, _("Your %(name)s account is linked.") % {"name": arrival.made.name})
    else:
        messages.info(request, _("This %(name)s account was linked already.") % {"name": arrival.made.name})
    return HttpResponseRedirect(asked.next, status=303)
