"""My applications: list, create, look, change, disable, delete."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.account.shell import Here, signed_in
from identity.models import User
from oauth_server.audit.events_portal import (
    ApplicationChanged,
    ApplicationDeleted,
    ApplicationDisabled,
    ApplicationEnabled,
    ApplicationRegistered,
)
from oauth_server.audit.record import record
from oauth_server.clients import metadata, sectors, shown_once
from oauth_server.models import Client, ClientSecret
from oauth_server.portal.forms import ApplicationForm, registration
from oauth_server.portal.kinds import KINDS, Kind, kind_of
from oauth_server.portal.quick_start import snippets
from oauth_server.portal.shell import go_to, own_application
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI, OAuthError
from oauth_server.tokens import standing


class TooMany(OAuthError):
    """A developer has as many applications as the operator allows."""

    error = "invalid_client_metadata"


@require_safe
@signed_in
def listing(request: HttpRequest, here: Here) -> HttpResponse:
    """Every application of mine."""
    applications = [(client, kind_of(client)) for client in Client.objects.of_developer(here.user)]
    return render(request, "portal/list.html", {"applications": applications, "discovery": _discovery()})


@require_safe
@signed_in
def choose(request: HttpRequest, here: Here) -> HttpResponse:
    """Which kind of application?"""
    del here
    return render(request, "portal/choose.html", {"kinds": KINDS.values()})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: HttpRequest, here: Here, kind: str) -> HttpResponse:
    """Register an application of a kind."""
    row = KINDS.get(kind)
    if row is None:
        raise Http404
    form = ApplicationForm(row, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            client, secret = _register(here.user, row, form.members())
        except (InvalidRedirectURI, InvalidClientMetadata, TooMany) as error:
            form.refuse(error)
        else:
            if secret:
                shown_once.keep(request.session, client.client_id, secret, timezone.now())
                return go_to("portal_secret", client.pk)
            messages.success(request, _("Your application is registered."))
            return go_to("portal_application", client.pk)
    return render(request, "portal/form.html", {"form": form, "kind": row})


def _register(owner: User, kind: Kind, members: dict[str, Any]) -> tuple[Client, str]:
    most = settings.LIMITS.clients_per_person
    with transaction.atomic():
        if not Client.objects.has_room(owner, most):
            raise TooMany(
                ngettext(
                    "You have %(most)d application already, and more are not allowed.",
                    "You have %(most)d applications already, and more are not allowed.",
                    most,
                )
                % {"most": most}
            )
        client, answer = metadata.register(
            registration(kind, members), owner=owner, now=timezone.now(), by_operator=False
        )
        record(ApplicationRegistered(client_id=client.client_id, user=str(owner.pk)))
    return client, answer.get("client_secret", "")


@require_safe
@own_application
def show(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """One application: what it is, its credentials, how to begin."""
    del here
    live = ClientSecret.objects.of(client, timezone.now())
    return render(
        request,
        "portal/application.html",
        {
            "client": client,
            "kind": kind_of(client),
            "live": live,
            "former": live[1:],
            "redirect_uris": client.redirect_uris.split(),
            "scopes": client.scope.split(),
            "snippets": snippets(client),
            "discovery": _discovery(),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
def edit(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """Change name, addresses and scopes."""
    kind = kind_of(client)
    form = ApplicationForm(kind, request.POST if request.method == "POST" else None, client=client)
    if form.is_valid():
        said = metadata.describe(client) | form.members()
        try:
            # Before the transaction: it may fetch.
            if "redirect_uris" in form.changed_data:
                sectors.check(said)
            with transaction.atomic():
                metadata.update(client.client_id, said, now=timezone.now(), by_operator=False)
                record(
                    ApplicationChanged(
                        client_id=client.client_id, user=str(here.user.pk), changed=" ".join(form.changed_data)
                    )
                )
        except (InvalidRedirectURI, InvalidClientMetadata) as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved. It holds everywhere within a second."))
            return go_to("portal_application", client.pk)
    return render(request, "portal/form.html", {"form": form, "kind": kind, "client": client})


@require_POST
@own_application
def disable(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """Turn my application away for now."""
    with transaction.atomic():
        if standing.disable_client(client.client_id, timezone.now()):
            record(ApplicationDisabled(client_id=client.client_id, user=str(here.user.pk)))
    messages.success(request, _("Disabled. Every token that it had is dead."))
    return go_to("portal_application", client.pk)


@require_POST
@own_application
def enable(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """Let my application come back; not when it was an operator who turned it away."""
    if not standing.disabled_by_owner(client.client_id):
        messages.error(request, _("An operator disabled this application; only an operator can enable it."))
        return go_to("portal_application", client.pk)
    with transaction.atomic():
        if standing.enable_client(client.client_id):
            record(ApplicationEnabled(client_id=client.client_id, user=str(here.user.pk)))
    messages.success(request, _("Enabled. It can ask for tokens again."))
    return go_to("portal_application", client.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
def delete(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """Ask, then delete my application with all that it was given."""
    if request.method != "POST":
        return render(request, "portal/delete.html", {"client": client})
    with transaction.atomic():
        standing.delete_client(client.client_id)
        record(ApplicationDeleted(client_id=client.client_id, user=str(here.user.pk)))
    messages.success(request, _("%(name)s is gone.") % {"name": client.name})
    return go_to("portal")


def _discovery() -> str:
    return f"{settings.ISSUER}/.well-known/openid-configuration"
