"""The audit log: append-only facts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oauth_server.models import statements


class AuditRow(NamedTuple):
    """One fact as it is written; the fields are the columns of ``AuditEvent``, and ``facts`` is JSON already."""

    name: str
    at: datetime
    result: str
    client_id: str
    user: str
    family: str
    ip_address: str | None
    request_id: str
    suspicious: bool
    facts: str


class AuditEventManager(models.Manager["AuditEvent"]):
    """Named queries about facts."""

    def append(self, rows: Sequence[AuditRow]) -> None:
        """Write facts, in the caller's transaction: all of them or none."""
        statements.append(self.model, AuditRow._fields, rows)

    def refusals(self, client_id: str, most: int) -> list[AuditEvent]:
        """What a client was refused lately, newest first."""
        return list(self.filter(client_id=client_id, result="failure").order_by("-at", "-pk")[:most])

    def of_person(
        self,
        user: str,
        names: Collection[str],
        most: int,
        *,
        before: tuple[datetime, int] | None = None,
        client_id: str = "",
    ) -> list[AuditEvent]:
        """Facts about a person that have one of these names, newest first.

        Args:
            user: the public subject.
            names: of the facts.
            most: how many.
            before: only older ones than that moment and key.
            client_id: only those about this client, if given.
        """
        rows = self.filter(user=user, name__in=names)
        if client_id:
            rows = rows.filter(client_id=client_id)
        if before is not None:
            rows = rows.filter(Q(at__lt=before[0]) | Q(at=before[0], pk__lt=before[1]))
        return list(rows.order_by("-at", "-pk")[:most])

    def latest_of(self, client_id: str, names: Collection[str]) -> AuditEvent | None:
        """The last fact about a client that has one of these names."""
        return self.filter(client_id=client_id, name__in=names).order_by("-at", "-pk").first()

    def newest_at(self) -> datetime | None:
        """When the last fact was written down."""
        return self.order_by("-pk").values_list("at", flat=True).first()


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

    objects: ClassVar[AuditEventManager] = AuditEventManager()

    class Meta:
        verbose_name = _("audit event")
        indexes: ClassVar[list[models.Index]] = [
            models.Index("at", name="audit_at_idx"),
            models.Index("client_id", "at", name="audit_client_idx"),
            models.Index("user", "at", name="audit_user_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.name}"
