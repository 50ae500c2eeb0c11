"""Consent: what a scope means in plain words, and the memory of a person's yes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from identity.models import LoginSession
from oauth_server.authorize.claim_texts import CLAIM_TEXTS
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.localised import said
from oauth_server.models import Consent, Interaction
from oauth_server.protocol import uris
from oauth_server.tokens.revoke import withdraw_consent


class ScopeText(NamedTuple):
    """What the consent page says about a scope; lazy, in the reader's language."""

    title: str | Promise
    sentence: str | Promise
    picture: str = "key-round"


# Of OpenID Connect's scopes; those of an operator's APIs, and other words for these, come from a file (settings.SCOPE_TEXTS).
SCOPE_TEXTS: Final[Mapping[str, ScopeText]] = MappingProxyType(
    {
        "openid": ScopeText(
            _("Know who you are"), _("An identifier that tells you from other people here."), "id-card"
        ),
        "profile": ScopeText(
            _("See your profile"), _("Your name, username, picture, language and the like."), "user-round"
        ),
        "email": ScopeText(
            _("See your email address"), _("The address, and whether you proved that it is yours."), "mail"
        ),
        "address": ScopeText(_("See your postal address"), _("Street, town, postal code and country."), "map-pin"),
        "phone": ScopeText(_("See your phone number"), _("The number, and whether it was verified."), "phone"),
        "offline_access": ScopeText(
            _("Keep this access while you are away"),
            _("Until you withdraw it or it has not been used for a while."),
            "clock",
        ),
    }
)


def scope_text(name: str) -> ScopeText:
    """What a scope means, in the language of the page; one that nobody described is shown by its name.

    A person must see everything that they agree to.
    """
    words = settings.SCOPE_TEXTS.get(name)
    if words is None:
        unknown = _("Named by the application; ask its makers what it means.")
        return SCOPE_TEXTS.get(name) or ScopeText(name, unknown)
    language = get_language() or ""
    return ScopeText(
        said(words, "title", language), said(words, "sentence", language), words.get("picture", "key-round")
    )


class Before(Enum):
    """What the person said of a line before; the titles of the groups."""

    ALLOWED = _("You already allowed")
    LEFT_OUT = _("You left out")
    NOTHING = _("New")


@dataclass(frozen=True, slots=True)
class AskedScope:
    """One line of the consent page.

    Attributes:
        name: of the scope or claim.
        title: what the application may do.
        sentence: what that means.
        before: what the person said of it; None when they were never asked by this application.
        picture: the name of an icon.
        is_optional: whether it stands beside a box.
        is_ticked: whether that box is ticked: all are, but for what was left out before.
    """

    name: str
    title: str | Promise
    sentence: str | Promise
    before: Before | None = None
    picture: str = "key-round"
    is_optional: bool = False

    @property
    def is_ticked(self) -> bool:
        """See above."""
        return self.before is not Before.LEFT_OUT


class Group(NamedTuple):
    """Lines of the consent page under one title; empty when nothing was asked before."""

    title: str | Promise
    lines: tuple[AskedScope, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as a person can judge it.

    Attributes:
        name: what the client calls itself: anybody may choose any name.
        host: the host that the answer goes to: what the name cannot forge; empty for an app on this device.
        website: the registered home page, if it is on https.
        is_a_stranger: it or a developer registered it, and no operator answers for its name.
    """

    name: str
    host: str
    website: str
    policy_uri: str
    tos_uri: str
    is_a_stranger: bool


def describe_asker(client: RegisteredClient, redirect_uri: str) -> Asker:
    """Who asks, for the pages of the person."""
    parts = urlsplit(redirect_uri)
    elsewhere = parts.scheme in {"http", "https"} and not uris.is_loopback_host(parts.hostname or "")
    return Asker(
        name=name_of(client),
        host=parts.netloc if elsewhere else "",
        website=web_page(client, "client_uri"),
        policy_uri=web_page(client, "policy_uri"),
        tos_uri=web_page(client, "tos_uri"),
        is_a_stranger=not client.vouched_for,
    )


def name_of(client: RegisteredClient) -> str:
    """What the client calls itself, in the language of the page."""
    return said(client.metadata, "client_name", get_language() or "") or client.name


def web_page(client: RegisteredClient, name: str) -> str:
    """A page that the client registered under ``name``, in the language of ours, if it may stand in a link; else empty."""
    value = said(client.metadata, name, get_language() or "")
    return value if value.startswith(("https://", "http://")) else ""


def _before(name: str, allowed: Collection[str], left_out: Collection[str], consent: Consent | None) -> Before | None:
    if consent is None:
        return None
    if name in left_out:
        return Before.LEFT_OUT
    return Before.ALLOWED if name in allowed else Before.NOTHING


def describe_scopes(
    asked: Iterable[str], consent: Consent | None, optional: Collection[str] = ()
) -> tuple[AskedScope, ...]:
    """The lines of the consent page.

    Args:
        asked: the scope of the request.
        consent: what was allowed before, if that is in force.
        optional: what the person may leave out.
    """
    allowed, refused = (consent.scope.split(), consent.refused.split()) if consent else ((), ())
    left_out = set(refused).intersection(optional)
    lines = []
    for name in asked:
        title, sentence, picture = scope_text(name)
        before = _before(name, allowed, left_out, consent)
        lines.append(AskedScope(name, title, sentence, before, picture, name in optional))
    return tuple(lines)


def grouped(lines: Collection[AskedScope]) -> tuple[Group, ...]:
    """The lines by what the person said of them before: what is new comes first."""
    order = (Before.NOTHING, Before.ALLOWED, Before.LEFT_OUT, None)
    groups = (Group(kind.value if kind else "", tuple(line for line in lines if line.before is kind)) for kind in order)
    return tuple(group for group in groups if group.lines)


def describe_claims(asked: AuthorizeRequest, consent: Consent | None) -> tuple[AskedScope, ...]:
    """The lines for what is asked by name beyond the scopes (OpenID Connect Core §5.5).

    Args:
        asked: the request.
        consent: what was allowed before, if that is in force.
    """
    return describe_named_claims(asked.extra_claims, consent)


def describe_named_claims(names: Iterable[str], consent: Consent | None) -> tuple[AskedScope, ...]:
    """A line for each of these claims; see ``describe_claims``."""
    allowed = set(consent.claims) if consent else set()
    sentence = _("Asked for by name.")
    return tuple(
        AskedScope(name, CLAIM_TEXTS.get(name, name), sentence, _before(name, allowed, (), consent)) for name in names
    )


def remembered(session: LoginSession | None, client: RegisteredClient, now: datetime) -> Consent | None:
    """What this person allowed this client before; no statement for a client that never asks."""
    if session is None or client.skip_authorization:
        return None
    return Consent.objects.live(session.user_id, client.pk, now)


class Yes(NamedTuple):
    """A decision: what was asked, and what of it the person left out."""

    asked: AuthorizeRequest
    left_out: frozenset[str]

    @property
    def scope(self) -> tuple[str, ...]:
        """What is allowed now, in the order asked."""
        return tuple(name for name in self.asked.scope if name not in self.left_out)


def allow(
    interaction: Interaction, yes: Yes, client: RegisteredClient, session: LoginSession, now: datetime
) -> Consent:
    """Write a yes down twice: in the interaction, for this request, and in the memory, for the next ones. In a transaction.

    Who leaves out what they allowed before takes it back: what was issued with it ends, and what stays allowed is a new decision.
    That it was too long ago to be remembered changes nothing: refresh tokens live longer.
    """
    Interaction.objects.consent(bytes(interaction.digest), session.user_id, now)
    scope, claims = frozenset(yes.scope), frozenset(yes.asked.extra_claims)
    former = Consent.objects.lock(session.user_id, client.pk)
    if former is not None and yes.left_out.intersection(former.scope.split()):
        withdraw_consent(former.pk, now, "left out by the person")
        if former.expires > now:
            scope |= frozenset(former.scope.split()) - yes.left_out
            claims |= frozenset(former.claims)
    return Consent.objects.remember(
        session.user_id,
        client.pk,
        scope,
        now,
        now + timedelta(seconds=settings.LIFETIMES.consent),
        claims,
        yes.left_out,
    )
