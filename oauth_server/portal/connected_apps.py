"""What applications may do and did with my account: what I allowed, since when, where it is in use; and taking it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from identity.account.devices import describe
from identity.account.shell import Here, signed_in
from identity.models import User
from identity.subjects import public_subject
from oauth_server.audit.events_portal import AccessWithdrawn
from oauth_server.audit.record import record
from oauth_server.authorize.consent import SCOPE_TEXTS, AskedScope, describe_named_claims, describe_scopes
from oauth_server.clients import logos, registry
from oauth_server.clients.localised import said
from oauth_server.models import AuditEvent, Client, Consent, TokenFamily
from oauth_server.portal.happenings import OF_APPLICATIONS, tell
from oauth_server.portal.shell import go_to
from oauth_server.tokens.revoke import withdraw_access

REASON: Final = "consent withdrawn"
# A person with more live accesses than that has a robot; the page stays readable, and taking back ends all of them anyway.
_MOST_FAMILIES: Final = 200
_MOST_EVENTS: Final = 10


@dataclass(frozen=True, slots=True)
class Access:
    """One live access: what one sign-in to an application led to.

    Attributes:
        since: when the person signed in to it.
        device: on which browser that was; empty when it is not known any more.
        renewed: when the application last renewed it; None if it never did.
        renewed_from: the address that it did so from: mostly the application's own server.
        ends: when it ends by itself.
    """

    since: datetime
    device: str
    renewed: datetime | None
    renewed_from: str
    ends: datetime


@dataclass(slots=True)
class Connected:
    """An application that may do something, or can.

    Attributes:
        client: its row.
        consent: what the person allowed it; None for one that operators vouch for and that never asks.
        scopes: what for, in the words of the consent page.
        accesses: what it holds now, latest first.
        logo_src: its picture, from our own origin.
    """

    client: Client
    consent: Consent | None = None
    scopes: Sequence[AskedScope] = ()
    accesses: list[Access] = field(default_factory=list)
    logo_src: str = ""

    @property
    def name(self) -> str:
        """What the application calls itself."""
        return (
            said(self.client.metadata, "client_name", get_language() or "") or self.client.name or self.client.client_id
        )

    @property
    def website(self) -> str:
        """Its home page, if it has one on https."""
        page = said(self.client.metadata, "client_uri", get_language() or "")
        return page if page.startswith("https://") else ""

    @property
    def opens(self) -> str:
        """Its ``client_id``, if it can be opened from here (OpenID Connect Core §4); else empty."""
        return self.client.client_id if "initiate_login_uri" in self.client.metadata else ""

    @property
    def left_out(self) -> Sequence[AskedScope]:
        """What the person did not let it have although it asked; nothing once operators vouch for it: it has it without asking."""
        if self.consent is None or self.client.skip_authorization:
            return ()
        return describe_scopes(_in_order(self.consent.refused.split()), None)

    @property
    def last_use(self) -> datetime | None:
        """When it last got a token; None when that is too long ago to know."""
        return max((access.renewed or access.since for access in self.accesses), default=None)

    @property
    def last_from(self) -> str:
        """Where that was: the address of its renewal, or the browser in which the person signed in to it."""
        latest = max(self.accesses, key=lambda access: access.renewed or access.since, default=None)
        return latest.renewed_from or latest.device if latest else ""

    def asks_again(self, now: datetime) -> bool:
        """Whether the person's yes is too old to be remembered."""
        return self.consent is not None and self.consent.expires <= now


def _in_order(scopes: Iterable[str]) -> list[str]:
    # A consent keeps its scopes sorted by name; people know them in the order of the consent page.
    names = list(scopes)
    return [*(name for name in SCOPE_TEXTS if name in names), *(name for name in names if name not in SCOPE_TEXTS)]


def _access(family: TokenFamily) -> Access:
    return Access(
        since=family.created,
        device=describe(family.session.user_agent) if family.session is not None else "",
        renewed=getattr(family, "refreshed_at", None),
        renewed_from=getattr(family, "refreshed_from", None) or "",
        ends=family.expires,
    )


def connected(user: User, now: datetime) -> list[Connected]:
    """Every application that a person allowed something, or that holds something of theirs; two statements."""
    found: dict[int, Connected] = {}
    for consent in Consent.objects.of_person(user.pk):
        scopes = (
            *describe_scopes(_in_order(consent.scope.split()), None),
            *describe_named_claims(consent.claims, None),
        )
        found[consent.application_id] = Connected(consent.application, consent, scopes)
    for family in TokenFamily.objects.live_of(user.pk, now, _MOST_FAMILIES):
        app = found.setdefault(family.application_id, Connected(family.application))
        if app.consent is None and not app.scopes:
            app.scopes = describe_scopes(_in_order(family.scope.split()), None)
        app.accesses.append(_access(family))
    for app in found.values():
        client = registry.get(app.client.client_id)
        app.logo_src = logos.src(client) if client is not None else ""
    return sorted(found.values(), key=lambda app: app.name.lower())


@require_safe
@signed_in
def listing(request: HttpRequest, here: Here) -> HttpResponse:
    """Every application that can do something with my account."""
    now = timezone.now()
    apps = [(app, app.asks_again(now)) for app in connected(here.user, now)]
    return render(request, "account/apps.html", {"connected": apps})


def _mine(user: User, application: int, now: datetime) -> Connected:
    """One of a person's applications; one that has nothing of theirs does not exist.

    Raises:
        Http404: see above.
    """
    app = next((app for app in connected(user, now) if app.client.pk == application), None)
    if app is None:
        raise Http404
    return app


@require_safe
@signed_in
def show(request: HttpRequest, here: Here, application: int) -> HttpResponse:
    """One application: what it may, where it is in use, what it did lately."""
    now = timezone.now()
    app = _mine(here.user, application, now)
    events = AuditEvent.objects.of_person(
        public_subject(here.user.pk), OF_APPLICATIONS, _MOST_EVENTS, client_id=app.client.client_id
    )
    return render(
        request,
        "account/app.html",
        {"app": app, "asks_again": app.asks_again(now), "happenings": tell(events)},
    )


@require_POST
@signed_in
def withdraw(request: HttpRequest, here: Here, application: int) -> HttpResponse:
    """Take all of it back: what the application holds is dead at once."""
    now = timezone.now()
    app = _mine(here.user, application, now)
    with transaction.atomic():
        if withdraw_access(here.user.pk, application, now, REASON):
            record(AccessWithdrawn(user=str(here.user.pk), client_id=app.client.client_id))
    messages.success(request, _("%(name)s has no access any more.") % {"name": app.name})
    return go_to("connected_apps")
