"""A person's passkeys: the page of all second steps, add one, rename it, remove it. django-allauth's views in this house."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base import views as mfa
from allauth.mfa.webauthn import views as webauthn
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.generic.edit import FormView

from identity.models import User, factors
from identity.sign_in import passkeys
from identity.sign_in.passkeys import AddPasskeyForm, creation_options
from identity.sign_in.stages import ways_in
from identity.sign_in.stages.passkey import wants_options


class FactorsView(mfa.IndexView):
    """Everything that a person can prove who they are with, beside the password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Whether passkeys can be had here at all."""
        return {**super().get_context_data(**kwargs), "passkeys_are_possible": passkeys.are_possible()}


class AddView(webauthn.AddWebAuthnView):
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

    def get_success_url(self) -> str:
        """The codes for the day when all passkeys are lost, if these are new; else the list."""
        new_codes: bool = self.did_generate_recovery_codes
        return reverse("mfa_view_recovery_codes" if new_codes else "mfa_index")

    def form_invalid(self, form: AddPasskeyForm) -> HttpResponse:
        """The page again; the fault of the answer, whose field is hidden, is said on top."""
        for error in form.errors.pop("credential", []):
            form.add_error(None, error)
        response: HttpResponse = super().form_invalid(form)
        return response


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
        if factors.opens_alone(self.object) and ways_in(user) <= 1:
            messages.error(
                self.request,
                _("This passkey is the only way into your account. Set a password or add another passkey first."),
            )
            return HttpResponseRedirect(reverse("mfa_index"), status=303)
        response: HttpResponse = super().form_valid(form)
        return response


def listing(request: HttpRequest) -> HttpResponse:
    """To the page of all factors: allauth has one for passkeys alone."""
    del request
    return HttpResponseRedirect(reverse("mfa_index"))


factors_page = FactorsView.as_view()
add = AddView.as_view()
rename = RenameView.as_view()
remove = RemoveView.as_view()
