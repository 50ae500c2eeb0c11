"""Who accepted which terms, and when."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from identity.models.user import User


class AcceptedTermsManager(models.Manager["AcceptedTerms"]):
    """Named queries about accepted terms."""

    def holds(self, user: User, version: str) -> bool:
        """Has the person accepted this version?"""
        return self.filter(user=user, version=version).exists()

    def note(self, user: User, version: str, now: datetime) -> bool:
        """The person accepts it; False when they had, so that the first time stays."""
        return self.get_or_create(user=user, version=version, defaults={"accepted": now})[1]


class AcceptedTerms(models.Model):
    """One version that one person accepted."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="accepted_terms")
    version = models.CharField(max_length=60)
    accepted = models.DateTimeField()

    objects: ClassVar[AcceptedTermsManager] = AcceptedTermsManager()

    class Meta:
        verbose_name = _("accepted terms")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("user", "version", name="terms_accepted_once"),
        ]

    def __str__(self) -> str:
        return self.version
