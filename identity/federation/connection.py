"""A provider as the conversation with it sees it: the operator's row and its preset, made one value that is judged already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.urls import get_script_prefix, reverse

from identity.at_rest import unseal
from identity.federation.presets import GENERIC, PRESETS, Preset
from identity.models import Upstream

EVERY_DOMAIN: Final = "*"
_TENANT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def secret_context(slug: str) -> str:
    """What a wrapped client secret is bound to."""
    return f"upstream secret:{slug}"


def own_address(view: str, slug: str) -> str:
    """An absolute address of ours that a provider is told: below the issuer, whatever host a request names."""
    return f"{settings.ISSUER}/{reverse(view, args=[slug])[len(get_script_prefix()) :]}"


@dataclass(frozen=True, slots=True)
class Connection:
    """One provider.

    Attributes:
        row: as the operator set it up.
        preset: what its kind says.
    """

    row: Upstream
    preset: Preset

    @property
    def slug(self) -> str:
        """Its name in addresses."""
        return self.row.slug

    @property
    def name(self) -> str:
        """What people call it."""
        return self.row.name

    @property
    def issuer(self) -> str:
        """Its issuer identifier; of a provider with tenants, the one it is found by."""
        return self.row.issuer or self.preset.issuer

    @property
    def client_id(self) -> str:
        """Who we are there."""
        return self.row.client_id

    @property
    def scope(self) -> str:
        """What is asked for."""
        return self.row.scope or self.preset.scope

    @property
    def client_auth(self) -> str:
        """How we authenticate there; empty for what it offers."""
        return self.row.client_auth or self.preset.client_auth

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Addresses that are not discovered."""
        given = {**self.preset.endpoints, **self.row.endpoints}
        return {name: address.replace("{issuer}", self.issuer) for name, address in given.items()}

    @property
    def parameters(self) -> Mapping[str, str]:
        """Parameters of every authorization request."""
        return {**self.preset.parameters, **self.row.parameters}

    @property
    def claims(self) -> Mapping[str, str]:
        """Our claim → theirs."""
        return self.row.claims or self.preset.claims

    @property
    def redirect_uri(self) -> str:
        """Its own one: an answer that comes to another provider's is refused (RFC 9700 §4.4.2)."""
        return own_address("upstream_callback", self.slug)

    @property
    def secret(self) -> str:
        """Our secret there, in clear; empty for a public client."""
        sealed = self.row.wrapped_secret
        return unseal(bytes(sealed), secret_context(self.slug)).decode() if sealed else ""

    @property
    def fingerprint(self) -> str:
        """Changes when an answer to an earlier question must not count any more."""
        return f"{self.issuer} {self.client_id}"

    def accepts_issuer(self, issuer: str, tenant: Any = None) -> bool:
        """Whether this issuer is the provider.

        Args:
            issuer: as an ID token or an answer names it.
            tenant: the ``tid`` beside it, if any: then no other tenant's name may stand in the issuer.
        """
        mark = self.preset.tenant
        if not mark or issuer == self.issuer:
            return issuer == self.issuer
        head, _, tail = self.tenant_pattern.partition(mark)
        if not (issuer.startswith(head) and issuer.endswith(tail)):
            return False
        found = issuer[len(head) : len(issuer) - len(tail)]
        return bool(_TENANT.fullmatch(found)) and tenant in (None, found)

    @property
    def tenant_pattern(self) -> str:
        """The issuer with the mark of a tenant in it, as a provider with tenants discovers itself."""
        return re.sub(r"/(?:common|organizations|consumers)/", f"/{self.preset.tenant}/", self.issuer, count=1)

    def vouches_for(self, email: str) -> bool:
        """Whether the operator believes this provider about this address, if it says that it verified it."""
        domain = email.rpartition("@")[2].lower()
        return EVERY_DOMAIN in self.row.email_domains or domain in self.row.email_domains


def of(row: Upstream) -> Connection:
    """The connection of a row; one whose preset is gone is a plain OpenID Provider."""
    return Connection(row, PRESETS.get(row.preset, PRESETS[GENERIC]))


def find(slug: str) -> Connection | None:
    """The provider called ``slug``, if it may be used."""
    row = Upstream.objects.called(slug)
    return of(row) if row is not None and row.is_active else None


def active() -> list[Connection]:
    """Every provider that may be used, in the order of the sign-in page."""
    return [of(row) for row in Upstream.objects.active()]


def at_issuer(issuer: str) -> Connection | None:
    """The provider that somebody from this issuer signs in with."""
    return next((connection for connection in active() if connection.accepts_issuer(issuer)), None)


def home_of(login: str, among: Iterable[Connection]) -> Connection | None:
    """Where people with this address sign in (home-realm discovery).

    The domain decides, and nothing about any account: the answer is the same for an address that nobody has.

    Args:
        login: what was typed; nothing leads anywhere that is no address.
        among: the providers that may be used.
    """
    local, at, domain = login.strip().rpartition("@")
    if not (local and at):
        return None
    return next((one for one in among if domain.lower() in one.row.home_domains), None)


def signed_out_address() -> str:
    """Where every provider sends the browser back to after it was signed out there."""
    return f"{settings.ISSUER}/{reverse('upstream_signed_out')[len(get_script_prefix()) :]}"
