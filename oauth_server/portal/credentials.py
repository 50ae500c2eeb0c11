"""An application's secrets: shown once, two alive while one replaces the other, the former ended before its time."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from identity.account.shell import Here
from oauth_server.audit.events_portal import ApplicationSecretRevoked, ApplicationSecretRotated
from oauth_server.audit.record import record
from oauth_server.clients import secrets, shown_once
from oauth_server.models import Client, ClientSecret
from oauth_server.portal.quick_start import snippets
from oauth_server.portal.shell import go_to, own_application


@require_GET
@own_application
def show(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """A new secret, at the first look; afterwards the page says that it was seen."""
    del here
    now = timezone.now()
    secret = shown_once.take(request.session, client.client_id, now)
    return render(
        request,
        "portal/secret.html",
        {
            "client": client,
            "secret": secret,
            "snippets": snippets(client, secret) if secret else (),
            "former": ClientSecret.objects.of(client, now)[1:],
        },
    )


@require_POST
@own_application
def rotate(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """Another secret; the former one works on for a while."""
    if not secrets.use_of(client.token_endpoint_auth_method, client.metadata).needed:
        messages.error(request, _("This application has no secret: it authenticates in another way."))
        return go_to("portal_application", client.pk)
    now = timezone.now()
    with transaction.atomic():
        shown_once.keep(request.session, client.client_id, secrets.rotate(client.client_id, now), now)
        record(ApplicationSecretRotated(client_id=client.client_id, user=str(here.user.pk)))
    return go_to("portal_secret", client.pk)


@require_POST
@own_application
def end_former(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """The application uses the new secret everywhere: the former one ends now."""
    with transaction.atomic():
        if secrets.end_former(client.client_id, timezone.now()):
            record(ApplicationSecretRevoked(client_id=client.client_id, user=str(here.user.pk)))
    messages.success(request, _("The former secret is dead."))
    return go_to("portal_application", client.pk)
