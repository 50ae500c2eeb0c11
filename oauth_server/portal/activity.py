"""What went wrong lately, in words: the sentence that the application got, and what its developer can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from identity.account.shell import Here
from oauth_server.models import AuditEvent, Client
from oauth_server.portal.shell import own_application

_MOST: Final = 50

# Fact → what happened. Every other refusal is told by its error alone.
WHAT: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "token:request:refused": _("A token request was refused"),
        "token:code:replayed": _("A code came a second time"),
        "token:refresh:reused": _("A spent refresh token came again"),
        "token:client:foreign": _("A token of another application was presented"),
        "token:introspection:refused": _("A token of another application was asked about"),
        "client:authentication:refused": _("The application did not authenticate"),
        "authorize:request:refused": _("A sign-in was refused"),
        "authorize:consent:denied": _("A person said no"),
    }
)

# Fact, else error → what the developer can do, where the refusal itself has no hint.
ADVICE: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "token:code:replayed": _(
            "Redeem each code once. Tokens of the first redemption were revoked; have the person sign in again."
        ),
        "token:refresh:reused": _(
            "Store the new refresh token of every answer before using it, and do not refresh from two places at once. The"
            " person has to sign in again."
        ),
        "token:client:foreign": _("Check which application the token was issued to: each uses only its own."),
        "token:introspection:refused": _("Ask the operator to let this application introspect the other one's tokens."),
        "authorize:consent:denied": _("Ask for fewer scopes, or say beforehand why you need them."),
        "invalid_client": _("Check client_id and secret, and that the secret has not been replaced."),
        "invalid_grant": _("Begin a new sign-in: the code or refresh token is spent, expired, revoked or not yours."),
        "invalid_request": _(
            "Compare the request with the quick start: a parameter is missing, malformed or sent twice."
        ),
        "invalid_scope": _("Ask only for scopes that this application is registered for."),
        "unauthorized_client": _("Use a grant type that this application is registered for."),
        "unsupported_grant_type": _("Look at grant_types_supported in the discovery document."),
        "unsupported_response_type": _("Use response_type=code."),
        "invalid_target": _("Name a resource that this application may get tokens for."),
        "access_denied": _("The person said no; ask again only when they want to."),
        "login_required": _("prompt=none finds nobody signed in: send the person here without it."),
        "consent_required": _("prompt=none finds no consent: send the person here without it."),
        "interaction_required": _("The person has to see a page: send them here without prompt=none."),
    }
)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of the page. The operator's detail and people's addresses stay out of it."""

    at: datetime
    what: str | Promise
    error: str
    description: str
    advice: str | Promise
    request_id: str


def in_words(event: AuditEvent) -> Refused:
    """A refusal as its developer reads it."""
    error = str(event.facts.get("error", ""))
    return Refused(
        at=event.at,
        what=WHAT.get(event.name, _("A request was refused")),
        error=error,
        description=str(event.facts.get("description", "")),
        advice=event.facts.get("hint") or ADVICE.get(event.name) or ADVICE.get(error, ""),
        request_id=event.request_id,
    )


@require_safe
@own_application
def show(request: HttpRequest, here: Here, client: Client) -> HttpResponse:
    """The last refusals of my application."""
    del here
    refusals = [in_words(event) for event in AuditEvent.objects.refusals(client.client_id, _MOST)]
    return render(request, "portal/activity.html", {"client": client, "refusals": refusals, "most": _MOST})
