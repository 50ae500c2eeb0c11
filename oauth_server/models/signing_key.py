"""Our signing keys and their four ages: announced → signing → verifying → removed; and the keys that others encrypt to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import connections, models, router
from django.db.models import F
from django.utils.translation import gettext_lazy as _

# One arbitrary number for the whole installation: PostgreSQL knows advisory locks by number only.
_ROTATION_LOCK = 0x6761_7465_6B65_7973


class SigningKeyManager(models.Manager["SigningKey"]):
    """Named queries about signing keys."""

    def lock(self) -> None:
        """Wait until no other transaction changes keys; held until this transaction ends.

        On SQLite the transaction itself is the lock, because it begins IMMEDIATE.
        """
        connection = connections[router.db_for_write(SigningKey)]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ROTATION_LOCK])

    def alive(self) -> list[SigningKey]:
        """Every key that is not removed, in one statement; those that sign come first, for clients that look no further."""
        return list(self.filter(removed_at__isnull=True).order_by("-use", "alg", "announced_at"))

    def retired_since(self, moment: datetime) -> list[SigningKey]:
        """Keys that came to their natural end after ``moment``: they signed, and nobody revoked them."""
        return list(
            self.filter(
                use="sig", removed_at__isnull=False, signs_until__gt=moment, verifies_until__gt=F("signs_until")
            )
        )

    def announce(self, keys: Iterable[SigningKey]) -> None:
        """Publish new keys."""
        self.bulk_create(keys)

    def promote(self, kids: Iterable[str], now: datetime) -> None:
        """Let announced keys sign from ``now``."""
        self.filter(kid__in=list(kids)).update(signs_from=now)

    def retire(self, kids: Iterable[str], now: datetime, verifies_until: datetime) -> None:
        """Keys stop signing: their private parts are gone for good, their public parts stay until ``verifies_until``."""
        self.filter(kid__in=list(kids)).update(private=b"", signs_until=now, verifies_until=verifies_until)

    def withdraw(self, kids: Iterable[str], now: datetime, decrypts_until: datetime) -> None:
        """Encryption keys are published no more; they decrypt until ``decrypts_until``, so their private parts stay."""
        self.filter(kid__in=list(kids)).update(signs_until=now, verifies_until=decrypts_until)

    def remove(self, kids: Iterable[str], now: datetime) -> None:
        """Keys are gone: neither published nor used."""
        self.filter(kid__in=list(kids)).update(private=b"", removed_at=now)

    def revoke(self, kids: Iterable[str], now: datetime) -> int:
        """Keys end at once, and with them everything that they signed. The number of keys that were alive."""
        return self.filter(kid__in=list(kids), removed_at__isnull=True).update(
            private=b"", signs_until=now, verifies_until=now, removed_at=now
        )


class SigningKey(models.Model):
    """One key pair. ``private`` is encrypted under the key-encryption key and emptied when the key stops signing.

    Of a key for encryption (``use`` is ``enc``) ``signs_from`` and ``signs_until`` bound its publication, and
    ``verifies_until`` its use and its private part.
    """

    kid = models.CharField(primary_key=True, max_length=64)
    alg = models.CharField(max_length=20)
    use = models.CharField(max_length=3, default="sig")
    public = models.JSONField()
    private = models.BinaryField(blank=True, default=b"")
    announced_at = models.DateTimeField()
    signs_from = models.DateTimeField()
    signs_until = models.DateTimeField(null=True, blank=True)
    verifies_until = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[SigningKeyManager] = SigningKeyManager()

    class Meta:  # Django's own
        ordering: ClassVar[tuple[str, ...]] = ("alg", "announced_at")
        verbose_name = _("signing key")

    def __str__(self) -> str:
        return f"{self.alg} {self.kid}"
