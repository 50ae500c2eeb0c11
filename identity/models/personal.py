"""Everything that is stored about a person, one row a table: what an export tells, and what goes with the account.

Packages above have a table of their own; ``settings.PERSONAL_DATA`` names all of them, and a test finds the model that none names.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Final

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import models
from django.db.models import Q
from django.utils.module_loading import import_string

from identity.models.invitation import Invitation
from identity.models.picture import Picture
from identity.models.session import BrowserSession, LoginSession
from identity.models.terms import AcceptedTerms
from identity.models.trusted import TrustedBrowser
from identity.models.upstream import UpstreamSignIn
from identity.models.user import User


@dataclass(frozen=True, slots=True)
class Holding:
    """A table with rows about people.

    Attributes:
        name: of the list in the export.
        model: the table.
        whose: paths to the person; a row is about them when one leads there.
        told: what the export tells of a row; nothing where the row of its parent says it all, or where only a digest is kept.
        also: paths to rows of others that go with the account, such as tokens of a client that the person owned.
        goes: whether the rows are deleted with the account.
        scrub: for rows that stay: takes out of those about a person what is personal, so many in a statement.
        why_untold: the reason for an empty ``told``.
    """

    name: str
    model: type[models.Model]
    whose: tuple[str, ...] = ("user",)
    told: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    goes: bool = True
    scrub: Callable[[uuid.UUID, int], None] | None = None
    why_untold: str = ""


# Children before parents: no statement of a deletion cascades far.
HOLDINGS: Final = (
    Holding("picture", Picture, told=("body", "created")),
    Holding(
        "second_steps", Authenticator, told=("type", "created_at", "last_used_at"),
    ),
    Holding("email_confirmations", EmailConfirmation, ("email_address__user",), ("email_address__email", "created", "sent")),
    Holding("email_addresses", EmailAddress, told=("email", "verified", "primary")),
    Holding("upstream_sign_ins", UpstreamSignIn, ("login__user",), ("upstream", "issuer", "subject")),
    Holding("linked_account_tokens", SocialToken, ("account__user",), ("expires_at",)),
    Holding("linked_accounts", SocialAccount, told=("provider", "uid", "date_joined", "last_login", "extra_data")),
    Holding(
        "sign_ins",
        LoginSession,
        told=("auth_time", "acr", "amr", "user_agent", "ip_address", "whereabouts", "created", "last_seen", "expires", "ended_at", "end_reason"),
    ),
    Holding("accepted_terms", AcceptedTerms, told=("version", "accepted")),
    Holding("invitations", Invitation, ("person",), ("email", "created", "used_at")),
    Holding("trusted_browsers", TrustedBrowser, told=("user_agent", "ip_address", "created", "last_used", "expires")),
    Holding("what_you_did_as_an_operator", LogEntry, told=("action_time", "object_repr", "change_message")),
    Holding("groups", User.groups.through, told=("group__name",)),
    Holding("permissions", User.user_permissions.through, told=("permission__codename",)),
    Holding(
        "account",
        User,
        ("pk",),
        (
            "id", "username", "email", "date_joined", "last_login", "updated_at", "is_active", "is_staff", "is_superuser", "name", "given_name",
            "middle_name", "family_name", "nickname", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "theme",
            "phone_number", "phone_number_verified", "address", "deletion_due",
        ),
    ),
)  # fmt: skip


def holdings() -> tuple[Holding, ...]:
    """Those of every package, in the order in which a deletion goes through them."""
    return tuple(holding for name in settings.PERSONAL_DATA for holding in import_string(name))


def _about(user: uuid.UUID, paths: tuple[str, ...]) -> Q:
    # As text: some columns hold the public subject, and a member of JSON is never a UUID.
    return reduce(or_, (Q(**{path: str(user)}) for path in paths))


def rows(holding: Holding, user: uuid.UUID) -> Iterator[dict[str, Any]]:
    """What the export tells of a table, row by row."""
    found = holding.model._default_manager.filter(_about(user, holding.whose)).order_by("pk")
    yield from found.values(*holding.told).iterator(chunk_size=500)


def erase_batch(holding: Holding, user: uuid.UUID, size: int) -> int:
    """Delete up to ``size`` rows of a table that go with an account; answers how many."""
    manager = holding.model._default_manager
    keys = list(
        manager.filter(_about(user, (*holding.whose, *holding.also))).order_by().values_list("pk", flat=True)[:size]
    )
    if keys:
        manager.filter(pk__in=keys).delete()
    return len(keys)


def forget_traces(user: User) -> None:
    """What has no key to the person, but names them: the admin's log of edits to their row, and browsers left signed in."""
    LogEntry.objects.filter(
        content_type__app_label="identity", content_type__model="user", object_id=str(user.pk)
    ).delete()
    browsers = LoginSession.objects.filter(user=user).exclude(browser="").values_list("browser", flat=True)
    BrowserSession.objects.filter(session_key__in=list(browsers)).delete()
