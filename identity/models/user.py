"""The person, with the standard claims of OpenID Connect Core §5.1."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin, UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, Q, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from identity.models.fields import WebAddressField


class PersonManager(UserManager["User"]):
    """Named queries about people."""

    def called(self, login: str) -> User | None:
        """Whom somebody means at sign-in: who owns this address, else who has this username, else who claims the address.

        One statement whoever is meant, so that its time says nothing; allauth keeps addresses in lower case.
        """
        addresses = EmailAddress.objects.filter(user=OuterRef("pk"), email=login.lower())
        return (
            self.annotate(owns=Exists(addresses.filter(verified=True)), claims=Exists(addresses))
            .filter(
                Q(username__in=[login, login.lower()])
                | Q(pk__in=EmailAddress.objects.filter(email=login.lower()).values("user"))
            )
            .order_by("-owns", "claims", Case(When(username=login, then=0), default=1), "date_joined")
            .first()
        )

    def with_key(self, key: uuid.UUID) -> User | None:
        """The person with this subject identifier."""
        return self.filter(pk=key).first()

    def named(self, username: str) -> User | None:
        """The person with exactly this username."""
        return self.filter(username=username).first()

    def known_as(self, name: str) -> User | None:
        """Whom an operator means: by subject identifier, else as at sign-in."""
        try:
            subject = uuid.UUID(name)
        except ValueError:
            return self.called(name)
        return self.filter(pk=subject).first() or self.called(name)

    def owns_email(self, user: User) -> bool:
        """Has the person proved to own ``user.email``?"""
        return bool(EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists())

    def held(self, user: User) -> User:
        """The person, locked until the transaction ends: of two that take a way in away, the second must see what the first left."""
        return self.select_for_update().get(pk=user.pk)

    def has_second_factor(self, user: User) -> bool:
        """Does the person have an authenticator beside the password?"""
        return bool(Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists())

    def spend_step(self, authenticator: Authenticator, step: int) -> bool:
        """Use up a time step of a TOTP authenticator; False when it, or a later one, was used before (RFC 6238 §5.2)."""
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
            if row.data.get("last_step", 0) >= step:
                return False
            row.data["last_step"] = step
            row.save(update_fields=["data"])
        return True

    def give_email(self, user: User, email: str, *, verified: bool) -> None:
        """Make ``email`` the person's one primary address (an operator says so; nobody is mailed)."""
        EmailAddress.objects.filter(user=user).exclude(email__iexact=email).update(primary=False)
        address = EmailAddress.objects.filter(user=user, email__iexact=email).first() or EmailAddress(
            user=user, email=email
        )
        address.email, address.primary, address.verified = email, True, verified
        address.save()

    def choose(self, user: User, chosen: Mapping[str, str]) -> bool:
        """Set these fields of a person; False when they had them already."""
        changed = [name for name, value in chosen.items() if getattr(user, name) != value]
        for name in changed:
            setattr(user, name, chosen[name])
        if changed:
            user.save(update_fields=[*changed, "updated_at"])
        return bool(changed)

    def doom(self, user: User, due: datetime) -> None:
        """Note when a person's account is to be deleted."""
        self.filter(pk=user.pk).update(deletion_due=due)
        user.deletion_due = due

    def spare(self, user: User) -> bool:
        """An account stays after all; False when it was not to be deleted, or its deletion has begun."""
        spared = bool(self.filter(pk=user.pk, erasure_begun=None).exclude(deletion_due=None).update(deletion_due=None))
        user.deletion_due = None if spared else user.deletion_due
        return spared

    def doomed(self, now: datetime, most: int) -> list[User]:
        """People whose account is to be deleted by now."""
        return list(self.filter(deletion_due__lte=now).order_by("deletion_due")[:most])

    def begin_erasure(self, user: User, now: datetime) -> bool:
        """Shut a person out for good and free their names; False when somebody has begun with it, or they came back."""
        gone = {"username": f"deleted-{user.pk}", "email": "", "password": "", "is_active": False, "erasure_begun": now}
        return bool(self.filter(pk=user.pk, deletion_due__lte=now, erasure_begun=None).update(**gone))

    def is_being_erased(self, user: User) -> bool:
        """Has somebody begun with it?"""
        return bool(self.filter(pk=user.pk).exclude(erasure_begun=None).exists())

    def erase(self, user: User) -> None:
        """Delete the row of a person."""
        self.filter(pk=user.pk).exclude(erasure_begun=None).delete()

    def other_operators(self, user: User) -> bool:
        """Is there another active superuser?"""
        return bool(self.filter(is_superuser=True, is_active=True, deletion_due=None).exclude(pk=user.pk).exists())

    def email_is_taken(self, email: str, by_other_than: User) -> bool:
        """Has somebody else proved to own this address?"""
        owned = EmailAddress.objects.filter(email=email.lower(), verified=True)
        return bool(owned.exclude(user_id=by_other_than.pk).exists())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. ``id`` is the public subject: a UUID that is never given to anybody else (OpenID Connect Core §5.7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("username"),
        max_length=150,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("A person with that username already exists.")},
    )
    email = models.EmailField(_("email address"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("operator"), default=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    name = models.CharField(_("full name"), max_length=255, blank=True)
    given_name = models.CharField(_("given name"), max_length=150, blank=True)
    family_name = models.CharField(_("family name"), max_length=150, blank=True)
    middle_name = models.CharField(_("middle name"), max_length=150, blank=True)
    nickname = models.CharField(_("nickname"), max_length=150, blank=True)
    profile = WebAddressField(_("profile page"), max_length=500, blank=True)
    picture = WebAddressField(_("picture"), max_length=500, blank=True)
    website = WebAddressField(_("website"), max_length=500, blank=True)
    gender = models.CharField(_("gender"), max_length=50, blank=True)
    birthdate = models.CharField(_("birthdate"), max_length=10, blank=True)
    zoneinfo = models.CharField(_("time zone"), max_length=64, blank=True)
    locale = models.CharField(_("language"), max_length=35, blank=True)
    theme = models.CharField(_("theme"), max_length=5, blank=True)
    phone_number = models.CharField(_("phone number"), max_length=50, blank=True)
    phone_number_verified = models.BooleanField(_("phone number verified"), default=False)
    address = models.JSONField(_("address"), default=dict, blank=True)

    deletion_due = models.DateTimeField(_("to be deleted"), null=True, blank=True, db_index=True)
    erasure_begun = models.DateTimeField(null=True, blank=True, editable=False)

    was_active: bool | None = None

    objects = PersonManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.username

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Remember whether the person was active: whoever disables them, by whatever page, ends their sessions."""
        person = super().from_db(*args, **kwargs)
        person.was_active = person.__dict__.get("is_active")
        return person

    def get_full_name(self) -> str:
        """The name as the person writes it, or put together from its parts."""
        return self.name or " ".join(part for part in (self.given_name, self.family_name) if part)

    @property
    def picture_here(self) -> str:
        """The path of the picture, if it is one of ours: the content security policy of our pages lets in no other."""
        own = settings.ISSUER + reverse("account_picture", args=["-"]).removesuffix("-")
        return urlsplit(self.picture).path if self.picture.startswith(own) else ""

    def get_short_name(self) -> str:
        """How a page greets this person."""
        return self.nickname or self.given_name or self.username


def email_is_verified(user: str = "user") -> Any:
    """An expression: does the person that ``user`` points to own their e-mail address (OpenID Connect Core §5.1)?

    Args:
        user: the way to the person; empty for a query of people.
    """
    email = f"{user}__email" if user else "email"
    return Exists(
        EmailAddress.objects.filter(user=OuterRef(user or "pk"), email__iexact=OuterRef(email), verified=True)
    )
