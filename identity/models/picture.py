"""Pictures of people: drawn by us, kept in the database, found by an address that nobody can guess."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from identity.models.user import User


class PictureManager(models.Manager["Picture"]):
    """Named queries about pictures."""

    def give(self, user: User, body: bytes, now: datetime) -> Picture:
        """A person's one picture; the address of a former one leads nowhere."""
        fields = {"name": secrets.token_urlsafe(18), "body": body, "created": now}
        return self.update_or_create(user=user, defaults=fields)[0]

    def take(self, user: User) -> None:
        """A person has no picture any more."""
        self.filter(user=user).delete()

    def called(self, name: str) -> Picture | None:
        """The picture at an address; one of somebody who is disabled is not there."""
        return self.filter(name=name, user__is_active=True).first()


class Picture(models.Model):
    """A JPEG, square."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="own_picture"
    )
    name = models.CharField(max_length=40, unique=True)
    body = models.BinaryField()
    created = models.DateTimeField()

    objects: ClassVar[PictureManager] = PictureManager()

    class Meta:
        verbose_name = _("picture")

    def __str__(self) -> str:
        return self.name
