"""The brand's files, and the choice of a language and a theme by somebody who need not be signed in."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from identity.look.brand import Asset, brand
from identity.look.choice import THEMES, remember, supported
from identity.models import User
from identity.sessions.read import current
from identity.signals import account_changed


def _file(asset: Asset | None) -> HttpResponse:
    if asset is None:
        raise Http404
    response = HttpResponse(asset.body, content_type=asset.media_type)
    # The address changes with the content.
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    # Opened by itself, a logo that is an SVG is a page: it may do nothing.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """The operator's colour and style sheet."""
    del request
    return _file(brand().style)


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The operator's logo."""
    del request
    return _file(brand().logo)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Choose a language or a theme: for this browser, and for the person who is signed in."""
    back = request.POST.get("next", "")
    if not (back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)):
        back = reverse("account_overview")
    response = HttpResponseRedirect(back, status=303)
    language = supported([request.POST["language"]]) if request.POST.get("language") else None
    theme = request.POST.get("theme")
    theme = theme if theme in THEMES else None
    session = current(request, timezone.now())
    if session is not None:
        chosen = {"locale": language or None, "theme": theme}
        if User.objects.choose(session.user, {name: value for name, value in chosen.items() if value is not None}):
            account_changed.send(sender=User, user=session.user, fact="account:appearance:changed", request=request)
    remember(response, language=language or None, theme=theme)
    return response
