"""Browsers in which a person is not asked for the second step."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from identity.models.user import User


class TrustedBrowserManager(models.Manager["TrustedBrowser"]):
    """Named queries about trusted browsers."""

    def find(self, user: User, digests: Collection[str], now: datetime, since: datetime) -> TrustedBrowser | None:
        """The row by which this person's browser is known; None when its time is over.

        Args:
            user: whose.
            digests: of what the cookie carries.
            now: aware UTC.
            since: trust that was given before does not count, whatever was promised then.
        """
        return self.filter(user=user, digest__in=digests, expires__gt=now, created__gt=since).first()

    def of_person(self, user: User, now: datetime, since: datetime) -> list[TrustedBrowser]:
        """What a person trusts, most recently used first."""
        return list(self.filter(user=user, expires__gt=now, created__gt=since).order_by("-last_used", "pk"))

    def note_use(self, browser: TrustedBrowser, sid: str, now: datetime) -> None:
        """A sign-in went without the second step, thanks to it."""
        self.filter(pk=browser.pk).update(last_used=now, sid=sid)

    def forget(self, user: User, pk: int) -> bool:
        """One of a person's; False when it is nobody's, or somebody else's."""
        return bool(self.filter(user=user, pk=pk).delete()[0])

    def forget_digests(self, user: User, digests: Collection[str]) -> None:
        """What this person trusted in this browser before."""
        self.filter(user=user, digest__in=digests).delete()

    def forget_all(self, user: User, except_sid: str | None = None) -> None:
        """Every one of a person's, but the browser of a sign-in if asked."""
        self.filter(user=user).exclude(sid=except_sid or "").delete()

    def forget_of_person(self, user: uuid.UUID) -> None:
        """Every one of whoever has this key."""
        self.filter(user=user).delete()

    def forget_of(self, sids: Collection[str]) -> None:
        """The browsers of these sign-ins."""
        self.filter(sid__in=sids).delete()


class TrustedBrowser(models.Model):
    """A browser that carries a secret of which this is the digest; ``sid`` is the sign-in that used it last.

    A table and not a signed cookie, which nobody could list or take back.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trusted_browsers")
    digest = models.CharField(max_length=64, unique=True)
    sid = models.CharField(max_length=36, db_index=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    created = models.DateTimeField()
    last_used = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[TrustedBrowserManager] = TrustedBrowserManager()

    class Meta:
        verbose_name = _("trusted browser")

    def __str__(self) -> str:
        return f"{self.user_agent} until {self.expires:%Y-%m-%d}"
