"""Language, time zone and theme: how pages look to a person, wherever they sign in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from identity.account.forms import AppearanceForm
from identity.account.shell import Here, signed_in
from identity.look.choice import adopt
from identity.models import User
from identity.signals import account_changed


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, here: Here) -> HttpResponse:
    """Choose them; the answer speaks the new language already."""
    form = AppearanceForm(request.POST if request.method == "POST" else None, instance=here.user)
    if form.is_valid():
        form.save()
        adopt(request, here.user)
        account_changed.send(sender=User, user=here.user, fact="account:appearance:changed", request=request)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("account_appearance"), status=303)
    return render(request, "account/appearance.html", {"form": form}, status=400 if form.errors else 200)
