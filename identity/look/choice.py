"""The language, theme and time zone of a page: what the application asks for, what the person chose, what the browser says.

The language comes from ``ui_locales`` of the request that waits (OpenID Connect Core §3.1.2.1), else from the person's choice, else
from the browser: the cookie of an earlier choice, then Accept-Language, which Django's LocaleMiddleware has read already.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from identity.models import User

# What a person may choose; the empty word follows the device.
THEMES: Final = {"": _("As on my device"), "light": _("Light"), "dark": _("Dark")}
_KEEP: Final = 365 * 86_400


def supported(wishes: Iterable[str]) -> str:
    """The first language of these that we speak, as one of settings.LANGUAGES; empty when we speak none of them."""
    for wish in wishes:
        try:
            return translation.get_supported_language_variant(wish)
        except LookupError:
            continue
    return ""


def theme_of(request: HttpRequest) -> str:
    """The theme of a page: the person's, else the browser's; empty to follow the device."""
    chosen: str = getattr(request, "theme", request.COOKIES.get(settings.THEME_COOKIE_NAME, ""))
    return chosen if chosen in THEMES else ""


def ask_for(request: HttpRequest, ui_locales: Iterable[str]) -> None:
    """An application asks for a language: it goes before everything else, on this page alone."""
    request.ui_locales = tuple(ui_locales)  # type: ignore[attr-defined]  # read by ``adopt``
    _speak(request, "")


def adopt(request: HttpRequest, person: User) -> None:
    """The person is known: the page speaks their language, in their theme and their time zone."""
    request.looks_like = person  # type: ignore[attr-defined]  # read by ``keep``
    request.theme = person.theme  # type: ignore[attr-defined]  # read by ``theme_of``
    _speak(request, person.locale)
    try:
        timezone.activate(zoneinfo.ZoneInfo(person.zoneinfo or settings.TIME_ZONE))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        timezone.deactivate()


def _speak(request: HttpRequest, locale: str) -> None:
    language = supported((*getattr(request, "ui_locales", ()), *([locale] if locale else ())))
    if language:
        translation.activate(language)
        request.LANGUAGE_CODE = language  # what LocaleMiddleware sets


def language_for(reader: User | None, request: HttpRequest | None) -> str:
    """The language of a mail: its reader's choice, else that of the page which they are looking at, else the server's.

    Args:
        reader: whose address it is; None when nobody here has it.
        request: what made the mail; an operator's says nothing about the language of somebody else.
    """
    chosen = supported([reader.locale]) if reader is not None and reader.locale else ""
    if chosen:
        return chosen
    present = getattr(request, "user", None)
    if reader is not None and isinstance(present, User) and present.pk != reader.pk:
        return settings.LANGUAGE_CODE
    return translation.get_language() or settings.LANGUAGE_CODE


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser remember what its person chose, so that the sign-in page knows it too."""
    person: User | None = getattr(request, "looks_like", None)
    if person is None:
        return
    language = supported([person.locale]) if person.locale else ""
    if language and request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != language:
        remember(response, language=language)
    if request.COOKIES.get(settings.THEME_COOKIE_NAME, "") != person.theme:
        remember(response, theme=person.theme)


def remember(response: HttpResponseBase, *, language: str | None = None, theme: str | None = None) -> None:
    """Write a choice into the browser; what is None stays as it is."""
    for name, value in ((settings.LANGUAGE_COOKIE_NAME, language), (settings.THEME_COOKIE_NAME, theme)):
        if value:
            response.set_cookie(
                name,
                value,
                max_age=_KEEP,
                path="/",
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        elif value is not None:
            response.delete_cookie(name, path="/", samesite="Lax")
