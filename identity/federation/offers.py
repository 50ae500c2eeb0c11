"""What the sign-in page offers of providers, and how many of them open a person's account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from identity.federation import connection
from identity.models import User, linked


def on_the_page(request: HttpRequest) -> Mapping[str, Any] | None:
    """The providers with a button, in order, the one that a hint of the application leads to first; and whether addresses lead anywhere.

    None when there is neither.

    Args:
        request: its ``sign_in`` may hint at whom the application means.
    """
    active = connection.active()
    hinted = connection.home_of(str(getattr(request, "sign_in", {}).get("login_hint", "")), active)
    providers = [made for made in active if made.row.is_offered or made is hinted]
    providers.sort(key=lambda made: made is not hinted)
    has_homes = any(made.row.home_domains for made in active)
    return {"providers": providers, "has_homes": has_homes} if providers or has_homes else None


def ways(user: User) -> list[str]:
    """What a person can prove with providers, as ``assurance.WAYS`` calls it."""
    active = connection.active()
    issuers = [account.provider for account in linked.of_person(user)]
    mine = [made for made in active if any(made.accepts_issuer(issuer) for issuer in issuers)]
    strong = any(made.row.trusts_amr or made.row.acr_values for made in mine)
    return [*(["upstream"] if mine else []), *(["upstream_mfa"] if strong else [])]


def usable(user: User) -> int:
    """How many of a person's linked accounts are at a provider that may be used now."""
    active = connection.active()
    issuers = [account.provider for account in linked.of_person(user)]
    return sum(any(made.accepts_issuer(issuer) for made in active) for issuer in issuers)
