"""A person's picture: upload, take away, and the address at which applications find it (the claim ``picture``)."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity.account.shell import Here, signed_in
from identity.models import Picture, User
from identity.sign_in.throttle import HOUR, Guess, Limit, spend
from identity.signals import account_changed


@require_POST
@signed_in
def change(request: HttpRequest, here: Here) -> HttpResponse:
    """Take the uploaded picture, or take the present one away."""
    # Only now: Pillow takes megabytes of a process that most never upload to.
    from identity.account.pictures import PictureError, TooBusyError, redraw  # noqa: PLC0415

    if "remove" in request.POST:
        with transaction.atomic():
            Picture.objects.take(here.user)
            _tell(request, here.user, "")
        messages.success(request, _("Your picture is gone."))
        return _back()
    file = request.FILES.get("picture")
    if file is None:
        messages.error(request, _("Choose a picture of at most 5 MB."))
        return _back()
    limit = Limit(("account",), settings.LIMITS.pictures_per_person, HOUR)
    if not spend(Guess(str(here.user.pk), "", purpose="picture"), (limit,)):
        messages.error(request, _("You have sent many pictures lately. Try again in an hour."))
        return _back()
    try:
        # Before the transaction: nobody waits for the database while a picture is drawn.
        body = redraw(file.read())
    except PictureError:
        messages.error(request, _("This file is no picture that we can read. Take a JPEG, PNG or WebP."))
        return _back()
    except TooBusyError:
        response = render(request, "errors/busy.html", status=503)
        response.headers["Retry-After"] = "5"
        return response
    with transaction.atomic():
        picture = Picture.objects.give(here.user, body, timezone.now())
        _tell(request, here.user, settings.ISSUER + reverse("account_picture", args=[picture.name]))
    messages.success(request, _("Your picture is saved."))
    return _back()


def _tell(request: HttpRequest, user: User, address: str) -> None:
    if User.objects.choose(user, {"picture": address}):
        account_changed.send(sender=User, user=user, fact="account:picture:changed", request=request)


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("account_profile"), status=303)


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    """The picture, for whoever knows its address: applications fetch it without a sign-in."""
    del request
    picture = Picture.objects.called(name)
    if picture is None:
        raise Http404
    response = HttpResponse(bytes(picture.body), content_type="image/jpeg")
    response["Cache-Control"] = "public, max-age=86400"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
