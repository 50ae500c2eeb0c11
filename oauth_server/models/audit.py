"""The audit log: append-only facts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """One fact with a three-part name (``token:refresh:reused``). Never a secret; never changed."""

    name = models.CharField(max_length=80)
    at = models.DateTimeField()
    result = models.CharField(max_length=10)
    client_id = models.CharField(max_length=255, blank=True)
    user = models.CharField(max_length=36, blank=True)
    family = models.CharField(max_length=36, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    suspicious = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit event")
        indexes: ClassVar[list[models.Index]] = [
            models.Index("at", name="audit_at_idx"),
            models.Index("client_id", "at", name="audit_client_idx"),
            models.Index("user", "at", name="audit_user_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.name}"
