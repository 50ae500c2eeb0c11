"""What a person allowed a client, remembered and revocable."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from oauth_server.models.client import Client


class ConsentManager(models.Manager["Consent"]):
    """Named queries about consents."""

    def live(self, user: object, client: int, now: datetime) -> Consent | None:
        """The one consent in force between a person and a client."""
        return self.filter(user=user, application=client, revoked_at=None, expires__gt=now).first()  # type: ignore[misc]


class Consent(models.Model):
    """One decision. A revoked consent stays: everything issued under it is dead, and a new decision is a new row."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents")
    application = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="consents")
    scope = models.TextField()
    claims = models.JSONField(default=list)
    resource = models.JSONField(default=list)
    created = models.DateTimeField()
    updated = models.DateTimeField()
    expires = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ConsentManager] = ConsentManager()

    class Meta:
        verbose_name = _("consent")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "user", "application", name="one_live_consent", condition=models.Q(revoked_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} allows {self.application_id}: {self.scope}"
