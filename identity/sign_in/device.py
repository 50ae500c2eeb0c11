"""A browser that a person has signed in with before, remembered by a signed cookie: it is not locked out by a stranger's guesses."""

from __future__ import annotations

import secrets
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


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """The browser's own name, and who has signed in there; a new name and nobody when it has no cookie of ours."""
    try:
        name, *people = signing.loads(request.COOKIES.get(_name(), ""), salt=SALT, max_age=LIFE)
    except (signing.BadSignature, TypeError, ValueError):
        return secrets.token_urlsafe(12), []
    return str(name), [str(person) for person in people]


def device_of(request: HttpRequest, person: User | None) -> str:
    """A name for this browser if this person has signed in here before, else empty.

    The name stays when the cookie is written anew: else each sign-in of somebody who shares the browser would be another
    device, with guesses of its own.
    """
    name, people = _read(request)
    return name if person and str(person.pk) in people else ""


def remember(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Note in the answer that this person has signed in here."""
    name, people = _read(request)
    others = [person for person in people if person != str(user.pk)]
    response.set_cookie(
        _name(),
        signing.dumps([name, *[str(user.pk), *others][:AT_MOST]], salt=SALT),
        max_age=LIFE,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
