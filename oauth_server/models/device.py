"""Device codes (RFC 8628): digests only. The table is here because six models are swapped together."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractDeviceGrant


class DeviceCode(AbstractDeviceGrant):
    """A device that waits for a person. No endpoint writes it yet."""

    device_code = None
    user_code = None
    device_digest = models.BinaryField(max_length=32, unique=True)
    user_digest = models.BinaryField(max_length=32, unique=True)

    class Meta:
        verbose_name = _("device code")

    def __str__(self) -> str:
        return f"device of {self.client_id}"
