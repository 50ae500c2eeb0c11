"""``IDENTIFIER_FIRST``: one page asks for the name, the next one for what there is to prove it with.

The second page is the same for whatever name was typed, so that it tells nobody who has an account. Only a browser in which that
person has signed in before shows what they have and nothing else: whoever sits there has seen it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from identity.models import User
from identity.sign_in.device import device_of
from identity.sign_in.throttle import HOUR, Guess, Limit, spend

# In the address: which of the two pages. In the browser's session: the name, which no address and no log must hold, and when.
PAGE: Final = "who"
_SECOND: Final = "named"
OTHER: Final = "other"
_KEY: Final = "named"
_LONGEST: Final = 254
# Each is a row in the table of sessions, for whoever drops the cookie every time.
_NAMES: Final = (Limit(("address",), 200, HOUR),)


def is_asked_first() -> bool:
    """What the operator says."""
    return bool(settings.IDENTIFIER_FIRST)


def is_told(request: HttpRequest) -> bool:
    """Whether a form brings a name and nothing to prove it with."""
    return is_asked_first() and "password" not in request.POST


def note(request: HttpRequest, now: datetime) -> HttpResponse:
    """Keep the name that was typed, and go to the second page; a reload and a second tab find it there.

    Args:
        request: of the form.
        now: aware UTC.
    """
    typed = request.POST.get("login", "").strip()[:_LONGEST]
    if typed and not spend(Guess("", request.META.get("REMOTE_ADDR", ""), purpose="name"), _NAMES):
        refusal: HttpResponse = ratelimit.respond_429(request)
        return refusal
    if typed:
        request.session[_KEY] = [typed, now.timestamp()]
    asked = {**request.GET.dict(), PAGE: _SECOND if typed else OTHER}
    return HttpResponseRedirect(f"{request.path}?{urlencode(asked)}", status=303)


def name_of(request: HttpRequest, former: User | None, now: datetime) -> str:
    """Whose second page this is; empty on the first one.

    Args:
        request: of the page.
        former: who is signed in here while somebody signs in: most likely it is them.
        now: aware UTC.
    """
    if not is_asked_first() or request.GET.get(PAGE) == OTHER:
        return ""
    if request.POST.get("login"):
        return str(request.POST["login"])[:_LONGEST]
    typed, at = request.session.get(_KEY, ("", 0.0)) if request.GET.get(PAGE) == _SECOND else ("", 0.0)
    if typed and at + settings.ACCOUNT_LOGIN_TIMEOUT > now.timestamp():
        return str(typed)
    return former.username if former else ""


def known_here(request: HttpRequest, name: str) -> User | None:
    """The person of that name, if they have signed in in this browser before."""
    person = User.objects.called(name)
    return person if device_of(request, person) else None


def begin_again(request: HttpRequest) -> str:
    """The address of the first page, for whoever is somebody else."""
    return f"{request.path}?{urlencode({**request.GET.dict(), PAGE: OTHER})}"
