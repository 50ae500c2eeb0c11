"""What the sign-in page says about the application that waits behind it; found by ``settings.SIGN_IN_CONTEXT``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext

from oauth_server.authorize.consent import describe_asker
from oauth_server.authorize.operators import operators_demand
from oauth_server.authorize.prompts import demand_of
from oauth_server.clients import branding, logos
from oauth_server.endpoints.interactions import StaleError, load
from oauth_server.endpoints.pages import client_sources
from oauth_server.protocol.errors import OAuthError


def sign_in_context(request: HttpRequest) -> dict[str, Any]:
    """The client of the interaction that ``next`` leads to, or the operators' pages; empty when it leads elsewhere.

    Args:
        request: of the sign-in page; ``next`` is read from its form or query.
    """
    path = request.POST.get("next") or request.GET.get("next") or ""
    try:
        match = resolve(path.removeprefix(request.META.get("SCRIPT_NAME", "")))
        now = timezone.now()
        if match.app_name == "admin" and (demand := operators_demand(now)):
            overview = reverse("account_overview")
            name = gettext("Administration")
            return {"client_name": name, "demand": demand, "cancel_uri": overview, "decline_uri": overview}
        if match.url_name != "resume":
            return {}
        pending = load(request, match.kwargs["interaction"], now, claim=False)
    except (Resolver404, StaleError, OAuthError):
        return {}
    asker = describe_asker(pending.client, pending.asked.redirect_uri)
    return {
        "client_id": pending.client.client_id,  # for templates of an operator's that differ by application
        "client_name": asker.name,
        "client_host": asker.host,
        "client_uri": asker.website,
        # From here: the browser of everybody who signs in would be seen by whoever else served it.
        "logo_src": logos.src(pending.client),
        "policy_uri": asker.policy_uri,
        "tos_uri": asker.tos_uri,
        "brand_style": branding.src(pending.client),
        "ui_locales": pending.asked.ui_locales,
        "login_hint": pending.asked.login_hint,
        # What a provider elsewhere is told, when the person signs in there.
        "prompt": pending.asked.prompt,
        "cancel_uri": reverse("cancel", args=[pending.key]),
        "decline_uri": f"{pending.resume}?declined=1",
        "demand": demand_of(pending.asked, pending.client, pending.row, now),
        "form_action_origins": client_sources(pending.client, pending.asked.redirect_uri),
    }
