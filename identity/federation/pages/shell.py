"""What these pages share: a refusal is recorded and becomes a page that says what to do; a POST leads away without a redirect."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from identity.federation import connection
from identity.federation.refusal import Reason, Refused, sentence
from identity.models import Upstream
from identity.signals import upstream_refused

Page = Callable[..., HttpResponse]

_STATUS: Final = {Reason.UNREACHABLE: 502, Reason.MISCONFIGURED: 502, Reason.TOO_MANY: 429, Reason.UNKNOWN: 404}


def refusing(view: Page) -> Page:
    """Turn ``Refused`` into an event and a page; nothing of such a page is kept in a cache."""

    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refused as refused:
            return refusal_page(request, refused, kwargs.get("slug", ""))
        except UpdateError:
            # Another tab signed in or out between our reading of the browser's session and our writing.
            gone = Refused(Reason.STATE, "The browser's session ended meanwhile.")
            return refusal_page(request, gone, kwargs.get("slug", ""))

    return wrapped


def refusal_page(request: HttpRequest, refused: Refused, slug: str) -> HttpResponse:
    """Record a refusal and explain it.

    Args:
        request: of the browser.
        refused: why.
        slug: of the provider.
    """
    upstream_refused.send(
        sender=Upstream, upstream=slug, reason=refused.reason.value, detail=refused.detail, request=request
    )
    made = connection.find(slug) if slug else None
    back = refused.next
    context = {
        "text": sentence(refused.reason, made.name if made else slug),
        "is_cancelled": refused.reason is Reason.CANCELLED,
        "back": reverse("account_login") + (f"?{urlencode({'next': back})}" if back else ""),
    }
    return render(request, "federation/refused.html", context, status=_STATUS.get(refused.reason, 400))


def leave(request: HttpRequest, address: str, made: connection.Connection) -> HttpResponse:
    """Lead the browser away from the answer to a form.

    By a page and not by a redirect: Chromium holds every redirect after a POST against ``form-action``, and nobody knows where a
    provider's own redirects lead. A policy wide enough for them would be none.

    Args:
        request: the POST.
        address: where to.
        made: whose address that is.
    """
    response = render(request, "federation/leaving.html", {"address": address, "name": made.name})
    # The address holds `state`: it is for the provider alone, and it is not told where the browser came from.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
