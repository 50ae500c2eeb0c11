"""What every page passes: its person's look, a word for whoever comes when too many passwords wait, answers that take the same time."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language

from identity.look.choice import adopt, keep
from identity.models import User
from identity.sign_in.passwords import TooBusyError, turns
from identity.signals import password_postponed

# Pages whose form holds a password. A page that is missing here is refused as well, only later and at a higher price.
_PASSWORD_PAGES: Final = frozenset(
    {
        "account_login", "account_signup", "account_reauthenticate", "account_change_password", "account_set_password",
        "account_reset_password_from_key",
    }
)  # fmt: skip

# Pages whose form names an address, and whose work differs by whether it has an account: rows are made, or another mail is written.
_EVEN_PAGES: Final = frozenset(
    {"account_signup", "account_signup_by_passkey", "account_signup_code", "account_reset_password", "upstream_sign_up"}
)

# By the guards in front of the page, whatever the form says.
_SENT_AWAY: Final = frozenset({400, 403, 405, 429, 503})
# Answers of one process, which has some fourteen threads or more; twice as many forms a second.
HELD_AT_ONCE: Final = 4


def until_next(spent: float, step: float) -> float:
    """Seconds until what has taken ``spent`` has taken a multiple of ``step``; none where there is no step."""
    return -spent % step if step else 0.0


class EvenAnswers:
    """Hold an answer back until half a second is over, or a whole one: its time must not tell who has an account (ASVS 5.0 §6.3.8).

    Above SessionMiddleware, which has work of its own. Who is sent away is so at once: that tells nothing, and must be cheap.
    An answer that is held back holds a thread: only so many are at once, or a flood of sign-ups would leave none for tokens.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._places = threading.BoundedSemaphore(HELD_AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, at its time."""
        begun = time.monotonic()
        try:
            response = self.get_response(request)
            if _holds_a_place(request) and response.status_code not in _SENT_AWAY:
                time.sleep(until_next(time.monotonic() - begun, settings.EVEN_ANSWER_SECONDS))
        finally:
            if _holds_a_place(request):
                self._places.release()
        return response

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Before anything is read, counted or looked up."""
        if not _is_posted_to(request, _EVEN_PAGES):
            return None
        if not self._places.acquire(blocking=False):
            return _busy(request)
        request.holds_a_place = True  # type: ignore[attr-defined]  # read by ``_holds_a_place``
        return None


def _holds_a_place(request: HttpRequest) -> bool:
    return getattr(request, "holds_a_place", False)


def _is_posted_to(request: HttpRequest, pages: Collection[str]) -> bool:
    match = request.resolver_match
    return request.method == "POST" and match is not None and match.url_name in pages


# Of two hundred people at once each hears one of these.
_COME_BACK_SECONDS: Final = range(2, 9)


class Looks:
    """The person's language, theme and time zone; below AuthenticationMiddleware and LocaleMiddleware.

    Pages of ours learn who is there from ``identity.sessions.read.current``, which adopts the person's choices; they say so by
    ``asks_who_is_there``. Those of django-allauth ask ``request.user`` alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the browser remember what was chosen; the thread's next request begins without it."""
        try:
            response = self.get_response(request)
            keep(request, response)
        finally:
            timezone.deactivate()
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., object], *_: object) -> None:
        """Before a page of allauth reads its form: its errors are written in the person's language."""
        if not getattr(view, "asks_who_is_there", False) and isinstance(request.user, User):
            adopt(request, request.user)


class PasswordPressure:
    """Answers 503 with Retry-After where a password was typed and too many wait to be hashed.

    At the door where it can: of two hundred people at once most are asked to come back, which must cost next to nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing to do on the way in or out."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """Before anything is read, counted or looked up."""
        return _busy(request) if _is_posted_to(request, _PASSWORD_PAGES) and turns().full else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The turn did not come, or was taken by somebody else meanwhile."""
        return _busy(request) if isinstance(exception, TooBusyError) else None


def _busy(request: HttpRequest) -> HttpResponse:
    password_postponed.send(sender=User, request=request)
    # Whoever was sent away together must not come back together: most would be sent away again, and then nobody hashes.
    seconds = secrets.choice(_COME_BACK_SECONDS)
    return HttpResponse(_page(get_language() or ""), status=503, headers={"Retry-After": str(seconds)})


@lru_cache(maxsize=64)
def _page(language: str) -> str:  # noqa: ARG001  # the one that is active; the page differs by nothing else
    """Rendered once: that is most of what sending somebody away costs (milliseconds of processor time, before 1.4, after 0.5)."""
    return render_to_string("errors/busy.html")
