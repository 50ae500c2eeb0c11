"""A person says what applications may learn about them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from identity.account.forms import ProfileForm
from identity.account.shell import Here, signed_in
from identity.models import User
from identity.signals import account_changed


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: HttpRequest, here: Here) -> HttpResponse:
    """Names, addresses, dates: every standard claim but those that have pages of their own."""
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=here.user)
    if form.is_valid():
        form.save()
        account_changed.send(sender=User, user=here.user, fact="account:profile:changed", request=request)
        messages.success(request, _("Your profile is saved."))
        return HttpResponseRedirect(reverse("account_profile"), status=303)
    return render(request, "account/profile.html", {"form": form}, status=400 if form.errors else 200)
