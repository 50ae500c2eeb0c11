"""The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0 §2), and the page after it that tells applications in frames."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from identity.federation.sign_out import there_too
from identity.look.choice import ask_for
from identity.models import LoginSession
from identity.sessions import read as sessions
from identity.sessions.end import end
from identity.subjects import public_subject
from oauth_server.audit.events_authorize import LogoutCompleted, LogoutRefused
from oauth_server.audit.record import record, record_later
from oauth_server.authorize.consent import name_of
from oauth_server.clients import registry
from oauth_server.endpoints.base import form_parameters, query_parameters
from oauth_server.endpoints.pages import allow_forms_to, allow_frames_of, error_page, form_sources, page, see_other
from oauth_server.logout.front_channel import frames
from oauth_server.logout.rp_initiated import LogoutRequest, Outcome, decide, read
from oauth_server.protocol.errors import OAuthError

# What was judged, on its way through the browser: sealed, since a client's POST arrives without our cookies and the person may
# have to be asked; the hint itself stays out of the address.
_ASKED: Final = "oauth_server.endpoints.end_session"
_OVER: Final = "oauth_server.endpoints.end_session.over"
_SEAL_SECONDS: Final = 600
_SEALED: Final = "request"


@dataclass(frozen=True, slots=True)
class Farewell:
    """What is left to do for a browser whose sign-in is over.

    Attributes:
        return_to: see ``LogoutRequest``.
        sid: the sign-in that ended: the applications in it are told in frames.
        ui_locales: see ``LogoutRequest``.
    """

    return_to: str = ""
    sid: str = ""
    ui_locales: tuple[str, ...] = ()


@csrf_exempt  # §2: clients may POST here; nothing ends without a hint of this very sign-in
@page("end_session", "GET", "POST")
def end_session(request: HttpRequest, now: datetime) -> HttpResponse:
    """Judge a logout request; end the sign-in, ask the person, or say that nobody is signed in."""
    if request.method == "GET" and _SEALED in request.GET:
        asked = LogoutRequest(**_open(request.GET[_SEALED], _ASKED))
    else:
        try:
            asked = read(form_parameters(request) if request.method == "POST" else query_parameters(request), now)
        except OAuthError as error:
            record_later(
                LogoutRefused(error=error.error, description=error.description, hint=error.hint, detail=error.detail)
            )
            return error_page(error)
    if request.method == "POST":
        return see_other(f"{reverse('end_session')}?{urlencode({_SEALED: _seal(asked, _ASKED)})}")
    ask_for(request, asked.ui_locales)
    session = sessions.current(request, now)
    outcome = decide(asked, session)
    if session is not None and outcome is Outcome.END:
        return _end(request, session, asked, now, confirmed=False)
    if session is not None and outcome is Outcome.ASK:
        return _ask(request, session, asked)
    return see_other(_afterwards(Farewell(asked.return_to, ui_locales=asked.ui_locales)))


@page("end_session_confirm", "POST")
def confirm(request: HttpRequest, now: datetime) -> HttpResponse:
    """The person's yes on our own page, which the CSRF check has proved."""
    asked = LogoutRequest(**_open(request.POST.get(_SEALED, ""), _ASKED))
    session = sessions.current(request, now)
    if session is not None:
        return _end(request, session, asked, now, confirmed=True)
    return see_other(_afterwards(Farewell(asked.return_to, ui_locales=asked.ui_locales)))


def _seal(value: LogoutRequest | Farewell, purpose: str) -> str:
    return signing.dumps(asdict(value), salt=purpose)


def _open(sealed: str, purpose: str) -> dict[str, Any]:
    try:
        members: dict[str, Any] = signing.loads(sealed, salt=purpose, max_age=_SEAL_SECONDS)
    except signing.BadSignature:
        # Too old or not ours: the person can still sign out, only nobody is told where to go afterwards.
        return {}
    return members


def _ask(request: HttpRequest, session: LoginSession, asked: LogoutRequest) -> HttpResponse:
    client = registry.get(asked.client_id)
    response = render(
        request,
        "logout/confirm.html",
        {"person": session.user, "client_name": name_of(client) if client else "", "sealed": _seal(asked, _ASKED)},
    )
    return allow_forms_to(response, form_sources([asked.return_to]))


def _end(
    request: HttpRequest, session: LoginSession, asked: LogoutRequest, now: datetime, *, confirmed: bool
) -> HttpResponse:
    end(session, now, "signed_out")
    logout(request)
    record(LogoutCompleted(client_id=asked.client_id, user=public_subject(session.user_id), confirmed=confirmed))
    return see_other(there_too(session.sid, _afterwards(Farewell(asked.return_to, session.sid, asked.ui_locales)), now))


def _afterwards(left: Farewell) -> str:
    """Where the browser goes: to our last page while it has something to say, else straight to where the client wants it."""
    if frames(left.sid) or (left.ui_locales and not left.return_to):
        return f"{reverse('signed_out')}?{urlencode({_SEALED: _seal(left, _OVER)})}"
    return left.return_to or reverse("signed_out")


def after_sign_out(request: HttpRequest) -> str:
    """Where the account's own sign-out leads (settings.AFTER_SIGN_OUT): to the frames, if there are any; empty without."""
    left = Farewell(sid=request.session.get(sessions.SID, ""))
    return _afterwards(left) if frames(left.sid) else ""


@page("signed_out", "GET")
def signed_out(request: HttpRequest, now: datetime) -> HttpResponse:
    """The last page: applications end their own sign-ins in frames, then the browser goes on to where its client wants it."""
    left = Farewell(**_open(request.GET.get(_SEALED, ""), _OVER))
    ask_for(request, left.ui_locales)
    shown = frames(left.sid)
    if left.return_to and not shown:
        return see_other(left.return_to)
    signed_in = sessions.current(request, now) is not None
    facts = {"signed_in": signed_in, "frames": shown, "return_to": left.return_to}
    return allow_frames_of(render(request, "logout/signed_out.html", facts), shown)
