"""All of a person's data in one file, and the end of the account."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.account import erase
from identity.account.export import document
from identity.account.shell import Here, proved_lately, signed_in
from identity.models import User
from identity.sessions.afterwards import afterwards
from identity.signals import account_changed


@require_safe
@signed_in
def show(request: HttpRequest, here: Here) -> HttpResponse:
    """What there is to do."""
    del here
    return render(request, "account/privacy.html", {"grace_days": _grace_days()})


@require_POST
@proved_lately
def export(request: HttpRequest, here: Here) -> HttpResponse:
    """The file."""
    account_changed.send(sender=User, user=here.user, fact="account:data:exported", request=request)
    get_adapter().send_notification_mail("account/email/data_exported", here.user)
    response = StreamingHttpResponse(document(here.user, timezone.now()), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="account.json"'
    return response  # type: ignore[return-value]  # the shell takes every kind of answer


def _grace_days() -> int:
    return round(settings.LIFETIMES.deletion_grace / 86_400)


def _effects(user: User) -> dict[str, Any]:
    """What goes with the account; the server knows more than this package, and is asked by name."""
    hook = getattr(settings, "DELETION_EFFECTS", "")
    found: dict[str, Any] = import_string(hook)(user, timezone.now()) if hook else {}
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@proved_lately
def delete(request: HttpRequest, here: Here) -> HttpResponse:
    """Say what it means, then do it when the person types their username."""
    last_operator = erase.is_last_operator(here.user)
    wrong = False
    if request.method == "POST" and not last_operator:
        wrong = request.POST.get("username", "").strip() != here.user.username
        if not wrong:
            return _ask(request, here.user)
    facts = {"last_operator": last_operator, "wrong": wrong, "grace_days": _grace_days(), **_effects(here.user)}
    return render(request, "account/delete.html", facts, status=400 if wrong else 200)


def _ask(request: HttpRequest, user: User) -> HttpResponse:
    now = timezone.now()
    address = afterwards(request, now)
    due = erase.ask(user, now)
    get_adapter().send_notification_mail("account/email/deletion_requested", user, {"due": due})
    logout(request)
    text = _("Your account will be deleted on %(day)s. Sign in before then to keep it.")
    messages.warning(request, text % {"day": date_format(timezone.localtime(due), "DATETIME_FORMAT")})
    return HttpResponseRedirect(address, status=303)
