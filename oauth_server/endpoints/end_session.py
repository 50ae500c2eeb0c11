"""The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0 §2)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from identity.models import LoginSession
from identity.sessions import read as sessions
from identity.sessions.end import end
from identity.subjects import public_subject
from oauth_server.audit.events_authorize import LogoutCompleted, LogoutRefused
from oauth_server.audit.record import record, record_later
from oauth_server.clients import registry
from oauth_server.endpoints.base import form_parameters, query_parameters
from oauth_server.endpoints.pages import allow_forms_to, error_page, form_sources, page, see_other
from oauth_server.logout.rp_initiated import LogoutRequest, Outcome, decide, read
from oauth_server.protocol.errors import OAuthError

# A judged request on its way through the browser: sealed, since a client's POST arrives without our cookies and the person may
# have to be asked; the hint itself stays out of the address.
_SALT: Final = "oauth_server.endpoints.end_session"
_SEAL_SECONDS: Final = 600
_SEALED: Final = "request"


@csrf_exempt  # §2: clients may POST here; nothing ends without a hint of this very sign-in
@page("end_session", "GET", "POST")
def end_session(request: HttpRequest, now: datetime) -> HttpResponse:
    """Judge a logout request; end the sign-in, ask the person, or say that nobody is signed in."""
    if request.method == "GET" and _SEALED in request.GET:
        asked = _open(request.GET[_SEALED])
    else:
        try:
            asked = read(form_parameters(request) if request.method == "POST" else query_parameters(request), now)
        except OAuthError as error:
            record_later(
                LogoutRefused(error=error.error, description=error.description, hint=error.hint, detail=error.detail)
            )
            return error_page(error)
    if request.method == "POST":
        return see_other(f"{reverse('end_session')}?{urlencode({_SEALED: _seal(asked)})}")
    session = sessions.current(request, now)
    outcome = decide(asked, session)
    if session is not None and outcome is Outcome.END:
        _end(request, session, asked, now, confirmed=False)
    elif session is not None and outcome is Outcome.ASK:
        return _ask(request, session, asked)
    return _afterwards(asked)


@page("end_session_confirm", "POST")
def confirm(request: HttpRequest, now: datetime) -> HttpResponse:
    """The person's yes on our own page, which the CSRF check has proved."""
    asked = _open(request.POST.get(_SEALED, ""))
    session = sessions.current(request, now)
    if session is not None:
        _end(request, session, asked, now, confirmed=True)
    return _afterwards(asked)


def _seal(asked: LogoutRequest) -> str:
    return signing.dumps(asdict(asked), salt=_SALT)


def _open(sealed: str) -> LogoutRequest:
    try:
        return LogoutRequest(**signing.loads(sealed, salt=_SALT, max_age=_SEAL_SECONDS))
    except signing.BadSignature:
        # Too old or not ours: the person can still sign out, only nobody is told where to go afterwards.
        return LogoutRequest()


def _ask(request: HttpRequest, session: LoginSession, asked: LogoutRequest) -> HttpResponse:
    client = registry.get(asked.client_id)
    response = render(
        request,
        "logout/confirm.html",
        {"person": session.user, "client_name": client.name if client else "", "sealed": _seal(asked)},
    )
    return allow_forms_to(response, form_sources([asked.return_to]))


def _end(request: HttpRequest, session: LoginSession, asked: LogoutRequest, now: datetime, *, confirmed: bool) -> None:
    end(session, now, "signed_out")
    logout(request)
    record(LogoutCompleted(client_id=asked.client_id, user=public_subject(session.user_id), confirmed=confirmed))


def _afterwards(asked: LogoutRequest) -> HttpResponse:
    if asked.return_to:
        return see_other(asked.return_to)
    return see_other(reverse("signed_out"))


@page("signed_out", "GET")
def signed_out(request: HttpRequest, now: datetime) -> HttpResponse:
    """The last page, for a person whose client named no address to return to."""
    signed_in = sessions.current(request, now) is not None
    return render(request, "logout/signed_out.html", {"signed_in": signed_in})
