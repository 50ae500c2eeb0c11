"""Our signing keys and their four ages: announced → signing → verifying → removed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class SigningKey(models.Model):
    """One key pair. ``private`` is encrypted under the key-encryption key and emptied when the key stops signing."""

    kid = models.CharField(primary_key=True, max_length=64)
    alg = models.CharField(max_length=10)
    use = models.CharField(max_length=3, default="sig")
    public = models.JSONField()
    private = models.BinaryField(blank=True, default=b"")
    announced_at = models.DateTimeField()
    signs_from = models.DateTimeField()
    signs_until = models.DateTimeField(null=True, blank=True)
    verifies_until = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[tuple[str, ...]] = ("alg", "announced_at")
        verbose_name = _("signing key")

    def __str__(self) -> str:
        return f"{self.alg} {self.kid}"
