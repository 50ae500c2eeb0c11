"""What I allowed: which applications, since when, what for, when last used; and taking it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity.account.shell import Here, signed_in
from oauth_server.audit.events_portal import AccessWithdrawn
from oauth_server.audit.record import record
from oauth_server.authorize.consent import SCOPE_TEXTS, AskedScope, describe_scopes
from oauth_server.models import Consent
from oauth_server.portal.shell import go_to
from oauth_server.tokens.revoke import withdraw_consent

REASON = "consent withdrawn"


@dataclass(frozen=True, slots=True)
class Connected:
    """A row of the page.

    Attributes:
        consent: the key of the decision.
        name: what the application calls itself.
        website: its home page, if it has one on https.
        opens: its ``client_id``, if it can be opened from here (OpenID Connect Core §4); else empty.
        since: when the person first allowed it something.
        last_use: when it last got a token; None when that is too long ago to know.
        scopes: what for, in the words of the consent page.
        is_remembered: whether the person is not asked again.
    """

    consent: int
    name: str
    website: str
    opens: str
    since: datetime
    last_use: datetime | None
    scopes: Sequence[AskedScope]
    is_remembered: bool


def _in_order(scopes: Sequence[str]) -> list[str]:
    # A consent keeps its scopes sorted by name; people know them in the order of the consent page.
    return [*(name for name in SCOPE_TEXTS if name in scopes), *(name for name in scopes if name not in SCOPE_TEXTS)]


def _row(consent: Consent, now: datetime) -> Connected:
    website = consent.application.metadata.get("client_uri", "")
    return Connected(
        consent=consent.pk,
        name=consent.application.name or consent.application.client_id,
        website=website if isinstance(website, str) and website.startswith("https://") else "",
        opens=consent.application.client_id if "initiate_login_uri" in consent.application.metadata else "",
        since=consent.created,
        last_use=consent.last_use,
        scopes=describe_scopes(_in_order(consent.scope.split()), None),
        is_remembered=consent.expires > now,
    )


@require_safe
@signed_in
def listing(request: HttpRequest, here: Here) -> HttpResponse:
    """Every application that I allowed something."""
    now = timezone.now()
    connected = [_row(consent, now) for consent in Consent.objects.of_person(here.user.pk)]
    return render(request, "portal/connected.html", {"connected": connected})


@require_POST
@signed_in
def withdraw(request: HttpRequest, here: Here, consent: int) -> HttpResponse:
    """Take one back: what the application holds is dead at once. Somebody else's decision does not exist."""
    mine = next((row for row in Consent.objects.of_person(here.user.pk) if row.pk == consent), None)
    if mine is None:
        raise Http404
    with transaction.atomic():
        if withdraw_consent(mine.pk, timezone.now(), REASON):
            record(AccessWithdrawn(user=str(here.user.pk), client_id=mine.application.client_id))
    messages.success(request, _("%(name)s has no access any more.") % {"name": mine.application.name})
    return go_to("connected_apps")
