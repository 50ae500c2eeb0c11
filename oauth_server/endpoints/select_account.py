"""The account selection page (``prompt=select_account``, OpenID Connect Core §3.1.2.1): go on as this person, or as another."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from identity.sessions import read as sessions
from oauth_server.authorize.consent import describe_asker, remembered
from oauth_server.authorize.dispatch import SelectAccount
from oauth_server.clients import branding, logos
from oauth_server.endpoints.interactions import Pending, decide, interaction_page, proof, proves, sign_in_again
from oauth_server.endpoints.pages import allow_forms_to, client_sources, see_other
from oauth_server.models import Interaction

_STEP = "select_account"


@interaction_page("select_account", "GET", "POST")
def select_account(request: HttpRequest, now: datetime, pending: Pending) -> HttpResponse:
    """Show who is signed in, or take the choice."""
    session = sessions.current(request, now)
    before = remembered(session, pending.client, now)
    step = decide(pending.asked, pending.client, session, before, pending.row, now)
    if session is None or not isinstance(step, SelectAccount):
        return see_other(pending.resume)
    if request.method == "GET":
        response = render(
            request,
            "authorize/select_account.html",
            {
                "asker": describe_asker(pending.client, pending.asked.redirect_uri),
                "logo_src": logos.src(pending.client),
                "brand_style": branding.src(pending.client),
                "person": session.user,
                "proof": proof(_STEP, pending, session),
            },
        )
        return allow_forms_to(response, client_sources(pending.client, pending.asked.redirect_uri))
    if request.POST.get("account") == "another":
        # Signing in for this request is a choice by itself; nothing is noted before it happens.
        return see_other(sign_in_again(pending))
    if request.POST.get("account") == "this" and proves(request.POST.get("person", ""), _STEP, pending, session):
        Interaction.objects.select_account(bytes(pending.row.digest), now)
        return see_other(pending.resume)
    return see_other(request.path)
