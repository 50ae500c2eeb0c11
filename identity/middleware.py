"""What every page passes: the look that its person chose, and the answer when too many passwords wait to be hashed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from identity.look.choice import adopt, keep
from identity.models import User
from identity.sign_in.passwords import TooBusyError


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
    """Turns ``TooBusyError`` into 503 with Retry-After, on whichever page a password was typed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing to do on the way in or out."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Say that the person should try again in a moment."""
        if not isinstance(exception, TooBusyError):
            return None
        response = render(request, "errors/busy.html", status=503)
        response.headers["Retry-After"] = "5"
        return response
