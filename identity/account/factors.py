"""What a person proves who they are with: passkeys, an authenticator app, recovery codes. django-allauth's views in this house.

Whoever was sent here by an application that asks for more (``?next=``) is led back there. What they have just set up counts as a
second step, so that nothing is asked for twice; it proves nobody to be the owner, and is no first factor.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic.edit import FormView

from identity.models import LoginSession, User, factors
from identity.sessions.prove import note
from identity.sessions.read import current
from identity.sign_in import codes, passkeys
from identity.sign_in.assurance import WAYS, Proof
from identity.sign_in.passkeys import AddPasskeyForm, amr_of_new, creation_options, wants_options
from identity.sign_in.stages import ways_in


class FactorsView(mfa.IndexView):
    """Everything that a person can prove who they are with, beside the password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether passkeys can be had here at all, and how many other browsers are signed in."""
        now, user = timezone.now(), cast("User", self.request.user)
        here = current(self.request, now)
        others = [one for one in LoginSession.objects.of_person(user, now) if here is None or one.sid != here.sid]
        return {
            **super().get_context_data(**kwargs),
            "passkeys_are_possible": passkeys.are_possible(),
            "passkeys_hindered_by": passkeys.hindered_by(),
            "signed_in_elsewhere": len(others),
        }


class _Onward:
    """Where a page of setting something up leads: to the new recovery codes if there are any, then to where the person was going."""

    request: HttpRequest
    did_generate_recovery_codes: bool

    def get_success_url(self) -> str:
        """The next page."""
        wanted = onward(self.request)
        if not self.did_generate_recovery_codes:
            return wanted or reverse("mfa_index")
        return reverse("mfa_view_recovery_codes") + (f"?{urlencode({'next': wanted})}" if wanted else "")


def onward(request: HttpRequest) -> str:
    """Where the person was going; empty when nowhere, or elsewhere."""
    wanted = request.GET.get("next", "")
    return wanted if get_adapter().is_safe_url(wanted) else ""


class AddView(_Onward, webauthn.AddWebAuthnView):
    """Make a passkey and give it a name."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or the options for its script."""
        if not passkeys.are_possible():
            return HttpResponseRedirect(reverse("mfa_index"))
        if wants_options(request):
            return JsonResponse(creation_options(request.user, request.session))
        response: HttpResponse = super().get(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth's, without a challenge that nobody has asked for, but with what was wrong."""
        return FormView.get_context_data(self, **kwargs)

    def form_valid(self, form: AddPasskeyForm) -> HttpResponse:
        """Keep it."""
        response: HttpResponse = super().form_valid(form)
        now = timezone.now()
        note(self.request, [Proof("new_key", now.timestamp(), amr_of_new(form.said))], now)
        return response

    def form_invalid(self, form: AddPasskeyForm) -> HttpResponse:
        """The page again; the fault of the answer, whose field is hidden, is said on top."""
        for error in form.errors.pop("credential", []):
            form.add_error(None, error)
        response: HttpResponse = super().form_invalid(form)
        return response


class AppView(_Onward, totp.ActivateTOTPView):
    """Set up an authenticator app."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep it; the code that was typed is used up, like every code."""
        response: HttpResponse = super().form_valid(form)
        codes.spend(form.user, form.cleaned_data["code"])
        now = timezone.now()
        note(self.request, [Proof("totp", now.timestamp(), WAYS["totp"].amr)], now)
        return response


class CodesView(recovery_codes.ViewRecoveryCodesView):
    """The recovery codes, shown once."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The codes, if they were not shown before, and where to go on."""
        shown = super().get_context_data(**kwargs)
        if shown["can_view_codes"]:
            for one in factors.makers_of_codes(cast("User", self.request.user)):
                if one.type == Authenticator.Type.RECOVERY_CODES:
                    codes.seal(one)
        return {**shown, "onward": onward(self.request) or reverse("mfa_index")}


class RenameView(webauthn.EditWebAuthnView):
    """Another name for a passkey."""

    success_url = reverse_lazy("mfa_index")


class RemoveView(webauthn.RemoveWebAuthnView):
    """Remove a passkey, unless nothing else would open the account."""

    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        """Remove it; the last way in stays (its owner would be locked out)."""
        user = self.request.user
        assert isinstance(user, User)  # noqa: S101  # allauth's decorator let nobody else in
        with transaction.atomic():
            if not factors.opens_alone(self.object) or ways_in(User.objects.held(user)) > 1:
                response: HttpResponse = super().form_valid(form)
                return response
        messages.error(
            self.request,
            _("This passkey is the only way into your account. Set a password or add another passkey first."),
        )
        return HttpResponseRedirect(reverse("mfa_index"), status=303)


def passkeys_page(request: HttpRequest) -> HttpResponse:
    """To the page of all factors: allauth has one for passkeys alone."""
    del request
    return HttpResponseRedirect(reverse("mfa_index"))


overview = FactorsView.as_view()
add_passkey = AddView.as_view()
rename_passkey = RenameView.as_view()
remove_passkey = RemoveView.as_view()
set_up_app = AppView.as_view()
view_codes = CodesView.as_view()
