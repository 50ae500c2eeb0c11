"""A browser that a person has signed in with before, remembered by a signed cookie: it is not locked out by a stranger's guesses."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from identity.models import User

SALT: Final = "identity.sign_in.device"
LIFE: Final = 365 * 86_400
AT_MOST: Final = 5


def _name() -> str:
    return f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}gatehouse_device"


def _known(request: HttpRequest) -> list[str]:
    try:
        people = signing.loads(request.COOKIES.get(_name(), ""), salt=SALT, max_age=LIFE)
    except signing.BadSignature:
        return []
    return [str(person) for person in people] if isinstance(people, list) else []


def device_of(request: HttpRequest, login: str) -> str:
    """A name for this browser if whoever is meant by ``login`` has signed in here before, else empty."""
    if not _known(request):
        return ""
    person = User.objects.called(login)
    return request.COOKIES[_name()] if person and str(person.pk) in _known(request) else ""


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Note in the answer that this person has signed in here."""
    people = [person for person in _known(request) if person != str(user.pk)]
    response.set_cookie(
        _name(),
        signing.dumps([str(user.pk), *people][:AT_MOST], salt=SALT),
        max_age=LIFE,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
