"""Who may sign up (``SIGN_UP``, ``SIGN_UP_DOMAINS``), and how an invitation is used."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from identity.models import Invitation
from identity.models.linked import owner_of_email
from identity.sessions.read import current
from identity.sessions.store import digest
from identity.sign_in import passkeys
from identity.sign_in.forms import SignUpForm

# In the browser's session: the digest of the invitation with which somebody came, and when (seconds since 1970).
KEY: Final = "invited"


def invitation_of(request: HttpRequest) -> Invitation | None:
    """The invitation with which somebody came, if it may still be used.

    Whoever sits down at a shared browser later must not sign up as whom somebody else was invited: it is forgotten by itself.
    """
    carried, since = request.session.get(KEY, ("", 0.0))
    now = timezone.now()
    if not carried or now.timestamp() - since > settings.LIFETIMES.invitation_in_browser:
        return None
    return Invitation.objects.find(carried, now)


def may_sign_up(request: HttpRequest) -> bool:
    """Whether somebody at this browser may make an account."""
    if settings.SIGN_UP == "invited":
        return invitation_of(request) is not None
    return bool(settings.SIGN_UP == "open")


@never_cache
@require_safe
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Where the link in the mail leads. It spends nothing: mail programs open links to look at them.

    The secret goes into the session and out of the address at once, so that no later page tells it.
    """
    now = timezone.now()
    invitation = Invitation.objects.find(digest(secret), now)
    if invitation is None or settings.SIGN_UP == "closed":
        return over(request)
    if current(request, now):
        messages.info(request, _("You are signed in. Sign out first, then open the link of the invitation again."))
        return HttpResponseRedirect(reverse("account_overview"), status=303)
    if owner_of_email(invitation.email):
        messages.info(request, _("You have an account with this address already. Sign in."))
        return HttpResponseRedirect(reverse("account_login"), status=303)
    request.session[KEY] = (invitation.digest, now.timestamp())
    return HttpResponseRedirect(reverse("account_signup"), status=303)


@never_cache
@require_POST
def put_aside(request: HttpRequest) -> HttpResponse:
    """It is somebody else's invitation, whose link was opened in this browser: for them it stays as it was."""
    request.session.pop(KEY, None)
    messages.info(request, _("This browser has forgotten the invitation. Its link still works for whoever it is for."))
    wanted = request.POST.get("next", "")
    query = f"?{urlencode({'next': wanted})}" if get_adapter().is_safe_url(wanted) else ""
    return HttpResponseRedirect(reverse("account_signup") + query, status=303)


def pretend(request: HttpRequest, email: str, wanted: str | None) -> HttpResponse:
    """Nobody signs up, since the address has an account; its owner is told by mail, and the browser sees no difference.

    allauth's own pretence forgets where the person wants to go, which the pages that follow show.

    Args:
        request: of their browser.
        email: that has an account.
        wanted: where a sign-up would have led.
    """
    response: HttpResponse = perform_login(request, Login(email=email, redirect_url=wanted, signup=True))
    return response


def closed(request: HttpRequest) -> HttpResponse:
    """Why nobody may sign up here just now."""
    return render(request, "account/signup_closed.html", {"by_invitation": settings.SIGN_UP == "invited"})


def over(request: HttpRequest) -> HttpResponse:
    """The invitation was used, or is too old."""
    return render(request, "account/invitation_over.html", status=410)


class SignUpView(account.SignupView):
    """allauth's page, which knows who was invited."""

    @cached_property
    def invitation(self) -> Invitation | None:
        """With which the person came."""
        return invitation_of(self.request)

    def closed(self) -> HttpResponse:
        """Why not."""
        return closed(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the invitation, whose address the page says."""
        shown = super().get_context_data(**kwargs)
        return {**shown, "invitation": self.invitation, "passkeys_are_possible": passkeys.are_possible()}

    def get_form_kwargs(self) -> dict[str, Any]:
        """With the invitation, which says the address."""
        return {**super().get_form_kwargs(), "invitation": self.invitation}

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """Make the account. An invitation is spent in the same transaction, before anything is made of it."""
        form.hash_password()
        if form.account_already_exists:
            return pretend(self.request, form.cleaned_data["email"], self.get_success_url())
        if self.invitation is None:
            response: HttpResponse = super().form_valid(form)
            return response
        with transaction.atomic():
            if not Invitation.objects.spend(self.invitation, timezone.now()):
                return over(self.request)
            response = super().form_valid(form)
        self.request.session.pop(KEY, None)
        return response
