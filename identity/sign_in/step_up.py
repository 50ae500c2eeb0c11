"""A sign-in that lives is to be worth more (RFC 9470, OpenID Connect Core §5.5.1.1): ask for what is missing, and no more."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.stagekit import stash_login
from allauth.account.models import Login
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from identity.sessions.read import current
from identity.sign_in import passkeys
from identity.sign_in.context import demand_of, with_client
from identity.sign_in.demand import wants_first
from identity.sign_in.stages import ways_of
from identity.sign_in.stages.kept import keep
from identity.sign_in.stages.second_step import STEP_UP, SecondStepStage


def _to(name: str, **query: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode(query)}", status=303)


@with_client
@never_cache
@require_safe
def more(request: HttpRequest) -> HttpResponse:
    """Send the person to the one page that helps, and from there back to the application that waits (``next``).

    Nothing stands in the address but where to go: what is demanded is asked of whoever waits there.
    """
    wanted = request.GET.get("next", "")
    wanted = wanted if get_adapter().is_safe_url(wanted) else reverse("account_overview")
    session = current(request, timezone.now())
    if session is None:
        return redirect_to_login(wanted)
    ways = ways_of(session.user)
    missing = demand_of(request).missing(session.proved, ways)
    if not missing:
        return HttpResponseRedirect(wanted, status=303)
    if wants_first(missing):
        return _to("account_login", next=wanted, prompt="login")
    if any(missing.narrowed_by(way) for way in ways):
        state = {STEP_UP: True, "stages": {"current": SecondStepStage.key}, **keep(session.proved)}
        # Somebody who is signed in has been through all the other stages.
        verified = EmailVerificationMethod.NONE
        stash_login(request, Login(session.user, verified, redirect_url=wanted, state=state))
        return _to("mfa_authenticate", next=wanted)
    offers = {
        "passkeys_are_possible": passkeys.are_possible(),
        "passkeys_hindered_by": passkeys.hindered_by(),
        "needs_key": missing.key,
        "back": request.get_full_path(),
    }
    return render(request, "account/step_up.html", offers)
