"""The sign-in page, and the pages of allauth that belong to a sign-in, dressed for the application that waits."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account
from allauth.account.internal.stagekit import clear_login, unstash_login
from allauth.mfa.base import views as mfa
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from identity.models import User
from identity.sessions.read import current
from identity.sign_in.context import View, with_client
from identity.sign_in.device import remember
from identity.sign_in.forms import SignInForm


class SignInView(account.LoginView):
    """Sign in; with ``?prompt=login`` also somebody who is signed in (OpenID Connect Core §3.1.2.1).

    Nothing changes until the new sign-in is complete: whoever cancels stays signed in as before (CVE-2023-6787).
    """

    former: User | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Decide who is at the door."""
        session = current(request, timezone.now())
        self.former = session.user if session else None
        if session is None or request.GET.get("prompt") == "login":
            # allauth sends a signed-in person away. It would do so for one whose sign-in is over too, and the server,
            # which asks `current`, would send them straight back.
            request.user = AnonymousUser()
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_initial(self) -> dict[str, Any]:
        """The name that the application hints at, or of whoever signs in again."""
        hint = self.request.sign_in.get("login_hint") or (self.former.username if self.former else "")
        return {**super().get_initial(), "login": hint}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Who signs in again, for the page."""
        return {**super().get_context_data(**kwargs), "former": self.former}

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Sign in, or go on to the second factor."""
        response: HttpResponse = super().form_valid(form)
        if isinstance(self.request.user, User):
            remember(self.request, response, self.request.user)
        return response


def _in_sign_in(view: View) -> View:
    """A later step of a sign-in that has begun: the person of the former sign-in, if any, is not the one at the door."""

    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        pending = unstash_login(request, peek=True)
        if pending is None:
            return with_client(view)(request, *args, **kwargs)
        if pending.user is not None:
            request.user = AnonymousUser()  # allauth's steps send a signed-in person away, re-authentication included
        if pending.redirect_url and "next" not in request.GET:
            asked = request.GET.copy()
            asked["next"] = pending.redirect_url
            request.GET = asked  # type: ignore[assignment]  # the hook reads `next`, as on the first page
        response = with_client(view)(request, *args, **kwargs)
        if isinstance(request.user, User):
            remember(request, response, request.user)
        return response

    return wrapped


@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Give up a sign-in between the password and the second factor; whoever was signed in before still is."""
    pending = unstash_login(request)
    clear_login(request)
    here = pending.redirect_url if pending and pending.redirect_url else reverse("account_overview")
    return HttpResponseRedirect(here, status=303)


login = with_client(SignInView.as_view())
sign_up = with_client(account.signup)
second_factor = _in_sign_in(mfa.authenticate)
confirm_email = with_client(account.confirm_email)
