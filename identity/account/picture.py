"""A person's picture: upload, take away, and the address at which applications find it (the claim ``picture``)."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity.account.pictures import PictureError, redraw
from identity.account.shell import Here, signed_in
from identity.models import Picture, User
from identity.signals import account_changed


@require_POST
@signed_in
def change(request: HttpRequest, here: Here) -> HttpResponse:
    """Take the uploaded picture, or take the present one away."""
    file = request.FILES.get("picture")
    address = None
    with transaction.atomic():
        if "remove" in request.POST:
            Picture.objects.take(here.user)
            address = ""
            messages.success(request, _("Your picture is gone."))
        elif file is None:
            messages.error(request, _("Choose a picture of at most 5 MB."))
        else:
            try:
                picture = Picture.objects.give(here.user, redraw(file.read()), timezone.now())
            except PictureError:
                messages.error(request, _("This file is no picture that we can read. Take a JPEG, PNG or WebP."))
            else:
                address = settings.ISSUER + reverse("account_picture", args=[picture.name])
                messages.success(request, _("Your picture is saved."))
        if address is not None and User.objects.choose(here.user, {"picture": address}):
            account_changed.send(sender=User, user=here.user, fact="account:picture:changed", request=request)
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
