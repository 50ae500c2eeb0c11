"""What a page answers when too many passwords wait to be hashed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from identity.sign_in.passwords import TooBusyError


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
