"""Which application waits behind this page? Asked through settings.SIGN_IN_CONTEXT, since nothing here knows the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

from identity.look.choice import ask_for
from identity.sign_in.demand import Demand

View = Callable[..., HttpResponseBase]


def sign_in_context(request: HttpRequest) -> Mapping[str, Any]:
    """What the hook says.

    client_id, client_name, client_host, client_uri, logo_src, policy_uri, tos_uri, login_hint, ui_locales, brand_style,
    form_action_origins; cancel_uri (give up) and
    decline_uri (go on without what is asked); ``demand``: what is asked of the sign-in.
    """
    hook = getattr(settings, "SIGN_IN_CONTEXT", "")
    return import_string(hook)(request) if hook else {}


def demand_of(request: HttpRequest) -> Demand:
    """What the waiting application asks of the sign-in; nothing on a page that no application waits behind."""
    known: Mapping[str, Any] = getattr(request, "sign_in", {})
    demand = known.get("demand")
    return demand if isinstance(demand, Demand) else Demand()


def with_client(view: View) -> View:
    """Show the waiting application on a page (``request.sign_in``) and let the page's form lead back to it.

    Chromium applies ``form-action`` to every redirect that follows a POST: without the application's origins the person
    signs in and the browser then refuses to go on.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        context = sign_in_context(request)
        request.sign_in = context  # type: ignore[attr-defined]  # read by templates
        ask_for(request, context.get("ui_locales", ()))
        response = view(request, *args, **kwargs)
        if origins := context.get("form_action_origins"):
            response._csp_update = {"form-action": list(origins)}  # type: ignore[attr-defined]  # what django-csp's csp_update sets
        return response

    return wrapped
