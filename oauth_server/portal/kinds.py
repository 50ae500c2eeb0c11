"""What a developer may build: one row a kind, with the registration that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oauth_server.models import Client


@dataclass(frozen=True, slots=True)
class Kind:
    """A row.

    Attributes:
        name: in addresses.
        title: what the developer reads.
        sentence: how to tell that it is the right one.
        method: its ``token_endpoint_auth_method``.
        grant_types: what it may do.
        features: what must be on.
    """

    name: str
    title: str | Promise
    sentence: str | Promise
    method: str
    grant_types: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def signs_people_in(self) -> bool:
        """Whether a person takes part, so that there are redirect URIs."""
        return "authorization_code" in self.grant_types


_ROWS: Final = (
    Kind(
        "web",
        _("Web application"),
        _("Runs on a server of yours and keeps a secret there. People sign in with their account here."),
        "client_secret_basic",
        ("authorization_code", "refresh_token"),
        ("authorization_code", "client_secret_basic"),
    ),
    Kind(
        "app",
        _("Single-page or native app"),
        _("Runs in a browser, on a telephone or on a desktop, where no secret stays secret. PKCE protects it instead."),
        "none",
        ("authorization_code", "refresh_token"),
        ("authorization_code", "public_clients"),
    ),
    Kind(
        "service",
        _("Machine-to-machine service"),
        _("A program that acts for itself: no person, no browser."),
        "client_secret_basic",
        ("client_credentials",),
        ("client_credentials", "client_secret_basic"),
    ),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {row.name: row for row in _ROWS if all(getattr(settings.FEATURES, feature) for feature in row.features)}
)


def kind_of(client: Client) -> Kind:
    """The row that a stored client is nearest to; an operator may have given it more than a row says."""
    web, app, service = _ROWS
    if "authorization_code" not in client.grant_types:
        return service
    return app if client.client_type == Client.CLIENT_PUBLIC else web
