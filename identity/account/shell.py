"""The shell of every self-service page: somebody is signed in, by a sign-in that lives, and the page is never kept in a cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from identity.models import LoginSession, User
from identity.sessions.read import current

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Here:
    """Who looks at the page, and by which sign-in."""

    user: User
    session: LoginSession


def signed_in(
    view: Callable[Concatenate[HttpRequest, Here, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Send whoever is not signed in to the sign-in page and back; give the view who is."""

    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        session = current(request, timezone.now())
        if session is None:
            return redirect_to_login(request.get_full_path())
        return view(request, Here(session.user, session), *args, **kwargs)

    wrapped.asks_who_is_there = True  # type: ignore[attr-defined]  # for identity.middleware.Looks, which need not ask again
    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", wrapped)


def proved_lately(
    view: Callable[Concatenate[HttpRequest, Here, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """As ``signed_in``, for what a stranger at an open browser must not do: who it is has to be proved again unless that was lately.

    Lately is ACCOUNT_REAUTHENTICATION_TIMEOUT; django-allauth asks, and comes back to this page.
    """
    return signed_in(reauthentication_required(view))
