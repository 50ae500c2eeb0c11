"""Linked accounts: django-allauth's rows, where ``provider`` is the issuer and ``uid`` the subject (OpenID Connect Core §5.7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction

from identity.models.user import User

# What the column holds; a subject may have 255 characters.
_LONGEST: Final = 191


class LastWayInError(Exception):
    """Without this account the person could never sign in again."""


def uid_of(subject: str) -> str:
    """What stands for a subject in the row: itself, or its digest where it is too long."""
    return subject if len(subject) <= _LONGEST else f"sha256:{hashlib.sha256(subject.encode()).hexdigest()}"


def find(issuer: str, subject: str) -> SocialAccount | None:
    """The linked account of somebody elsewhere, with its person."""
    return SocialAccount.objects.select_related("user").filter(provider=issuer, uid=uid_of(subject)).first()


def of_person(user: User) -> list[SocialAccount]:
    """What a person has linked, oldest first."""
    return list(SocialAccount.objects.filter(user=user).order_by("date_joined", "pk"))


def owner_of_email(email: str) -> User | None:
    """Who proved to own this address; whoever merely typed it does not count (pre-hijacking)."""
    owned = EmailAddress.objects.select_related("user").filter(email=email.lower(), verified=True).first()
    return owned.user if owned else None


def proven_by(email: str, users: Sequence[User]) -> list[User]:
    """Of the people who have this address, those whose account it proves: it was confirmed, or nothing of theirs ever was.

    An address that was added and never confirmed may be somebody else's by one wrong letter.
    """
    confirmed: dict[object, set[str]] = {user.pk: set() for user in users}
    for pk, address in EmailAddress.objects.filter(user__in=users, verified=True).values_list("user", "email"):
        confirmed[pk].add(address.lower())
    return [user for user in users if not confirmed[user.pk] or email.lower() in confirmed[user.pk]]


def link(user: User, issuer: str, subject: str, data: dict[str, str]) -> SocialAccount | None:
    """Link somebody elsewhere to a person; None when they are linked already: of two that go at once, one comes second."""
    try:
        with transaction.atomic():
            return SocialAccount.objects.create(user=user, provider=issuer, uid=uid_of(subject), extra_data=data)
    except IntegrityError:
        return None


def unlink(user: User, pk: int, ways_in: Callable[[User], int]) -> SocialAccount | None:
    """Take a linked account away; None when the person has no such one.

    Args:
        user: whose it is.
        pk: of the row.
        ways_in: how many ways open a person's account.

    Raises:
        LastWayInError: the person could not sign in any more; nothing has changed.
    """
    with transaction.atomic():
        locked = User.objects.held(user)
        account = SocialAccount.objects.filter(user=locked, pk=pk).first()
        if account is None:
            return None
        SocialAccount.objects.filter(pk=pk).delete()
        if not ways_in(locked):
            raise LastWayInError
    return account


def unlink_all(user: User) -> list[SocialAccount]:
    """Take every linked account away: whoever reset the password by mail keeps that way alone."""
    accounts = of_person(user)
    SocialAccount.objects.filter(user=user).delete()
    return accounts
