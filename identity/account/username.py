"""Another username: the name one signs in with and that applications know as ``preferred_username``."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from identity.account.forms import UsernameForm
from identity.account.shell import Here, proved_lately
from identity.models import User
from identity.signals import account_changed


@require_http_methods(["GET", "HEAD", "POST"])
@proved_lately
def change(request: HttpRequest, here: Here) -> HttpResponse:
    """Take another username; the former one is free for others at once."""
    form = UsernameForm(request.POST if request.method == "POST" else None, initial={"username": here.user.username})
    if form.is_valid():
        former = here.user.username
        try:
            with transaction.atomic():
                User.objects.choose(here.user, {"username": form.cleaned_data["username"]})
                account_changed.send(sender=User, user=here.user, fact="account:username:changed", request=request)
        except IntegrityError:
            here.user.username = former
            form.add_error("username", get_adapter().validation_error("username_taken"))
        else:
            get_adapter().send_notification_mail(
                "account/email/username_changed", here.user, {"former": former, "username": here.user.username}
            )
            messages.success(request, _("Your username is %(name)s now.") % {"name": here.user.username})
            return HttpResponseRedirect(reverse("account_profile"), status=303)
    return render(request, "account/username.html", {"form": form}, status=400 if form.errors else 200)
