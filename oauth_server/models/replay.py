"""Identifiers that may be seen once: ``jti`` of client assertions, DPoP proofs, request objects."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from oauth_server.models.statements import returning


class SeenIdentifierManager(models.Manager["SeenIdentifier"]):
    """Named queries about identifiers."""

    def first_time(self, digest: bytes, expires: datetime) -> bool:
        """Claim an identifier; of any number of callers exactly one hears True (scorecard R-07)."""
        return bool(
            returning(
                SeenIdentifier,
                "INSERT INTO {table} (digest, expires) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING RETURNING {columns}",
                digest,
                expires,
            )
        )


class SeenIdentifier(models.Model):
    """The digest of (purpose, issuer, identifier), kept until a replay would be refused for its age anyway."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[SeenIdentifierManager] = SeenIdentifierManager()

    def __str__(self) -> str:
        return f"seen until {self.expires:%Y-%m-%d %H:%M:%S}"
