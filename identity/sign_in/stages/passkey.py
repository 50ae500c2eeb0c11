"""Passkeys: alone, beside a password, and again before a change. django-allauth's views with this house's forms.

The options of a ceremony are fetched at the click (``Accept: application/json``), so that no page that is merely looked at
makes a session or voids the challenge of another tab.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.account.views import BaseReauthenticateView
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from identity.models import User
from identity.sign_in.device import remember
from identity.sign_in.door import AtTheDoor
from identity.sign_in.passkeys import ReprovePasskeyForm, SignInPasskeyForm, request_options, wants_options
from identity.sign_in.stages.again import Noted


class SignInByPasskeyView(AtTheDoor, webauthn.LoginWebAuthnView):
    """Sign in with a passkey and nothing else; it says by itself whose it is."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The options for the script; a person who comes here goes to the sign-in page."""
        del args, kwargs
        if wants_options(request):
            return JsonResponse(request_options(None, request.session))
        return self._back()

    def form_valid(self, form: SignInPasskeyForm) -> HttpResponse:
        """Sign in and go where the person wanted to go: allauth's own view forgets that."""
        user = form.cleaned_data["credential"].user
        state = self.begin_anew(user)
        form.save()
        wanted = self.request.GET.get("next", "")
        login = Login(user=user, redirect_url=wanted if get_adapter().is_safe_url(wanted) else None, state=state)
        response: HttpResponse = perform_login(self.request, login)
        if isinstance(self.request.user, User):
            remember(self.request, response, self.request.user)
        return response

    def form_invalid(self, form: SignInPasskeyForm) -> HttpResponse:
        """Say it on the sign-in page."""
        for error in form.errors.get("credential", []):
            get_adapter().add_message(self.request, messages.ERROR, message=error)
        return self._back()

    def _back(self) -> HttpResponse:
        query = self.request.GET.urlencode()
        return HttpResponseRedirect(reverse("account_login") + (f"?{query}" if query else ""), status=303)


class PasskeyAgainView(webauthn.ReauthenticateWebAuthnView, Noted):
    """A passkey again, before a change that matters."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or the options for its script."""
        if wants_options(request):
            return JsonResponse(request_options(request.user, request.session))
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def form_invalid(self, form: ReprovePasskeyForm) -> HttpResponse:
        """Say it here, where the person can try again: allauth sends them to the sign-in page, which sends them away."""
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth's, without a challenge that nobody has asked for, but with what was wrong."""
        return {**BaseReauthenticateView.get_context_data(self, **kwargs), **kwargs}
