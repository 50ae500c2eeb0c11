"""The sign-in page, and the pages of allauth that belong to a sign-in, dressed for the application that waits."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account
from allauth.account.internal.stagekit import clear_login, unstash_login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from identity.models import User
from identity.sign_in.context import View, with_client
from identity.sign_in.device import remember
from identity.sign_in.door import AtTheDoor
from identity.sign_in.forms import SignInForm
from identity.sign_in.stages import ways_on_the_page
from identity.sign_in.stages.passkey import ProveAgainView, SecondStepView, SignInByPasskeyView


class SignInView(AtTheDoor, account.LoginView):
    """Username or address and password in one form; the other ways in beside it (``stages``)."""

    def get_initial(self) -> dict[str, Any]:
        """The name that the application hints at, or of whoever signs in again."""
        hint = self.request.sign_in.get("login_hint") or (self.former.username if self.former else "")
        return {**super().get_initial(), "login": hint}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Who signs in again, and the other ways in, for the page."""
        return {**super().get_context_data(**kwargs), "former": self.former, "ways": ways_on_the_page(self.request)}

    def form_valid(self, form: SignInForm) -> HttpResponse:
        """Sign in, or go on to the second factor."""
        self.begin_anew()
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
passkey = with_client(SignInByPasskeyView.as_view())
second_factor = _in_sign_in(SecondStepView.as_view())
passkey_again = ProveAgainView.as_view()
confirm_email = with_client(account.confirm_email)
