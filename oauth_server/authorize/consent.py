"""Consent: what a scope means in plain words, and the memory of a person's yes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.models import LoginSession
from oauth_server.authorize.claim_texts import CLAIM_TEXTS
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.clients.client import RegisteredClient
from oauth_server.models import Consent, Interaction
from oauth_server.protocol import uris


class ScopeText(NamedTuple):
    """What the consent page says about a scope; lazy, in the reader's language."""

    title: str | Promise
    sentence: str | Promise
    picture: str = "key-round"


# A scope without a row is shown by its name: a person must see everything that they agree to.
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


@dataclass(frozen=True, slots=True)
class AskedScope:
    """One line of the consent page; ``is_new`` when others were allowed before, but not this one."""

    name: str
    title: str | Promise
    sentence: str | Promise
    is_new: bool
    picture: str = "key-round"


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
        name=client.name,
        host=parts.netloc if elsewhere else "",
        website=web_page(client, "client_uri"),
        policy_uri=web_page(client, "policy_uri"),
        tos_uri=web_page(client, "tos_uri"),
        is_a_stranger=not client.vouched_for,
    )


def web_page(client: RegisteredClient, name: str) -> str:
    """A page that the client registered under ``name``, if it is one that may stand in a link; else empty."""
    value = client.metadata.get(name)
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else ""


def describe_scopes(asked: Iterable[str], consent: Consent | None) -> tuple[AskedScope, ...]:
    """The lines of the consent page.

    Args:
        asked: the scope of the request.
        consent: what was allowed before, if that is in force.
    """
    allowed = set(consent.scope.split()) if consent else set()
    lines = []
    for name in asked:
        text = SCOPE_TEXTS.get(name)
        title, sentence, picture = text or ScopeText(name, _("Named by the application; ask its makers what it means."))
        lines.append(AskedScope(name, title, sentence, consent is not None and name not in allowed, picture))
    return tuple(lines)


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
        AskedScope(name, CLAIM_TEXTS.get(name, name), sentence, is_new=consent is not None and name not in allowed)
        for name in names
    )


def remembered(session: LoginSession | None, client: RegisteredClient, now: datetime) -> Consent | None:
    """What this person allowed this client before; no statement for a client that never asks."""
    if session is None or client.skip_authorization:
        return None
    return Consent.objects.live(session.user_id, client.pk, now)


def allow(
    interaction: Interaction, asked: AuthorizeRequest, client: RegisteredClient, session: LoginSession, now: datetime
) -> Consent:
    """Write a yes down twice: in the interaction, for this request, and in the memory, for the next ones."""
    Interaction.objects.consent(bytes(interaction.digest), session.user_id, now)
    return Consent.objects.remember(
        session.user_id,
        client.pk,
        frozenset(asked.scope),
        now,
        now + timedelta(seconds=settings.LIFETIMES.consent),
        frozenset(asked.extra_claims),
    )
