"""The same proof again before a change that matters: what django-allauth calls re-authentication, noted in the sign-in."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account
from allauth.account.views import BaseReauthenticateView
from allauth.mfa.base import views as mfa
from django.http import HttpResponse
from django.utils import timezone

from identity.sessions.prove import note_reauthentication


class Noted(BaseReauthenticateView):
    """Mixed into each of allauth's views: the proof counts for applications too, and not only for the page that asked."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Note it, then go on with what was interrupted."""
        note_reauthentication(self.request, timezone.now())
        response: HttpResponse = super().form_valid(form)
        return response


class PasswordAgainView(account.ReauthenticateView, Noted):
    """The password."""


class CodeAgainView(mfa.ReauthenticateView, Noted):
    """A code."""
