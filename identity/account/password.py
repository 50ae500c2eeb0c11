"""Another password, and a first one for somebody who signs in by a passkey or a provider."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from allauth.account.views import PasswordChangeView, PasswordSetView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from identity.account.shell import Here, signed_in
from identity.models import factors
from identity.sign_in.lately import prove_again, proved_lately

_change = PasswordChangeView.as_view()


@signed_in
def change(request: HttpRequest, here: Here) -> HttpResponse:
    """Another password, for who knows the old one; whoever has a second step proves that one first.

    Else a password that was phished and an open browser would do to lock the owner out.
    """
    if factors.second_steps_of(here.user) and not proved_lately(here.session, timezone.now()):
        return prove_again(here.session, reverse("account_change_password"))
    response: HttpResponse = _change(request)
    return response


# allauth asks for the old password before a new one, and for nothing where there is no old one.
set_first = reauthentication_required(PasswordSetView.as_view(), app="allauth.account")
