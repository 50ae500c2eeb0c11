"""What may be used once, known by a digest until it would be refused for its age anyway."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models


class OnceManager(models.Manager[Any]):
    """Named queries about things that may be used once."""

    def first_time(self, digest: str, expires: datetime) -> bool:
        """Claim one; of any number of callers exactly one hears True."""
        return bool(self.get_or_create(digest=digest, defaults={"expires": expires})[1])


class Once(models.Model):
    """The digest of something that was used."""

    digest = models.CharField(primary_key=True, max_length=64)
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[OnceManager] = OnceManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"used; known until {self.expires:%Y-%m-%d %H:%M:%S}"


class MailedNoticeManager(OnceManager):
    """Named queries about notices."""

    def claim(self, digest: str, now: datetime, expires: datetime) -> bool:
        """Claim one whose time is over, or that was never sent; of any number of callers exactly one hears True."""
        if self.filter(digest=digest, expires__lte=now).update(expires=expires):
            return True
        return self.first_time(digest, expires)


class MailedNotice(Once):
    """The digest of whom a notice was mailed to and what about: the next one of the same waits until it expires."""

    objects: ClassVar[MailedNoticeManager] = MailedNoticeManager()


class SpentMailedCode(Once):
    """The digest of a code by mail that has signed somebody in."""
