"""The consent page: who asks, for what, in plain words; allow or deny."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from identity.models import LoginSession
from identity.sessions import read as sessions
from identity.subjects import public_subject
from oauth_server.audit.events_authorize import ConsentDenied, ConsentGranted
from oauth_server.audit.record import record
from oauth_server.authorize.consent import (
    Yes,
    allow,
    describe_asker,
    describe_claims,
    describe_scopes,
    grouped,
    remembered,
)
from oauth_server.authorize.dispatch import AskConsent
from oauth_server.authorize.left_out import may_be_left_out, unticked
from oauth_server.authorize.respond import spend
from oauth_server.clients import branding, logos
from oauth_server.endpoints import browser_state
from oauth_server.endpoints.answers import Reply
from oauth_server.endpoints.interactions import Pending, decide, interaction_page, proof, proves, sign_in_again
from oauth_server.endpoints.pages import allow_forms_to, client_sources, see_other
from oauth_server.models import Consent
from oauth_server.protocol import scopes
from oauth_server.protocol.errors import AccessDenied

_STEP = "consent"


@interaction_page("consent", "GET", "POST")
def consent(request: HttpRequest, now: datetime, pending: Pending) -> HttpResponse:
    """Show the question, or take the answer."""
    session = sessions.current(request, now)
    before = remembered(session, pending.client, now)
    step = decide(pending.asked, pending.client, session, before, pending.row, now)
    if session is None or not isinstance(step, AskConsent):
        # Not this page's turn: only the dispatcher knows whose it is.
        return see_other(pending.resume)
    if request.method == "GET":
        return _page(request, pending, session, before)
    if not proves(request.POST.get("person", ""), _STEP, pending, session):
        # The page was shown to somebody else who was signed in then: their click says nothing for this person.
        return see_other(request.path)
    yes = Yes(pending.asked, unticked(pending.asked, pending.client, request.POST.getlist("scope")))
    # Whoever leaves everything out says no.
    if request.POST.get("decision") == "allow" and (yes.scope or not pending.asked.scope):
        return _allow(pending, yes, session, now)
    if request.POST.get("decision") in {"allow", "deny"}:
        return _deny(request, pending, session, now)
    return see_other(request.path)


def _page(request: HttpRequest, pending: Pending, session: LoginSession, before: Consent | None) -> HttpResponse:
    optional = may_be_left_out(pending.asked, pending.client)
    response = render(
        request,
        "authorize/consent.html",
        {
            "client_id": pending.client.client_id,
            "asker": describe_asker(pending.client, pending.asked.redirect_uri),
            "logo_src": logos.src(pending.client),
            "brand_style": branding.src(pending.client),
            "groups": grouped(
                (*describe_scopes(pending.asked.scope, before, optional), *describe_claims(pending.asked, before))
            ),
            "may_choose": bool(optional),
            "person": session.user,
            "switch_url": sign_in_again(pending),
            "proof": proof(_STEP, pending, session),
        },
    )
    return allow_forms_to(response, client_sources(pending.client, pending.asked.redirect_uri))


def _allow(pending: Pending, yes: Yes, session: LoginSession, now: datetime) -> HttpResponse:
    with transaction.atomic():
        allow(pending.row, yes, pending.client, session, now)
        record(
            ConsentGranted(
                client_id=pending.client.client_id,
                user=public_subject(session.user_id),
                scope=scopes.join(yes.scope),
                left_out=scopes.join(sorted(yes.left_out)),
                claims=scopes.join(pending.asked.extra_claims),
            )
        )
    return see_other(pending.resume)


def _deny(request: HttpRequest, pending: Pending, session: LoginSession, now: datetime) -> HttpResponse:
    with transaction.atomic():
        spend(pending.row, now)
        record(
            ConsentDenied(
                client_id=pending.client.client_id,
                user=public_subject(session.user_id),
                scope=scopes.join(pending.asked.scope),
            )
        )
    reply = Reply.to(pending.where, pending.asked, browser_state.of(request))
    return reply.refuse(AccessDenied("The person denied the request."), now)
