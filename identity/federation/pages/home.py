"""Which provider is yours? An address says so by its domain (home-realm discovery), whoever has or has not an account."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.federation import connection
from identity.federation.pages.shell import refusing
from identity.federation.pages.start import begin
from identity.sign_in.context import with_client


class AddressForm(forms.Form):
    """One address."""

    email = forms.EmailField(
        label=gettext_lazy("Work or school email address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True, "spellcheck": "false"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@with_client
@refusing
def home(request: HttpRequest) -> HttpResponse:
    """Ask for an address and go where it leads. The answer depends on nothing but the domain."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        made = connection.home_of(email, connection.active())
        if made is not None:
            return begin(request, made, login_hint=email)
        form.add_error("email", _("No organisation signs in here with this address. Go back and sign in another way."))
    return render(request, "federation/home.html", {"form": form}, status=400 if form.errors else 200)
