"""What runs by itself: the hourly look at the keys."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from oauth_server.keys.rotate import rotate


@shared_task(name="oauth_server.keys.tasks.rotate_signing_keys")
def rotate_signing_keys() -> None:
    """Bring the signing keys to where the plan wants them; sent twice, it does nothing the second time."""
    rotate(timezone.now())
