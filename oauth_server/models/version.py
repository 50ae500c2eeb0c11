"""Counters that say what changed: processes cache clients and keys, and look here at most once a second."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F


class StateVersionManager(models.Manager["StateVersion"]):
    """Named queries about versions."""

    def current(self) -> dict[str, int]:
        """Every counter, in one statement."""
        return dict(self.values_list("name", "value"))

    def bump(self, name: str) -> None:
        """Tell every process that something called ``name`` changed; call it in the transaction that changes it."""
        if not self.filter(name=name).update(value=F("value") + 1):
            self.bulk_create([StateVersion(name=name, value=1)], ignore_conflicts=True)


class StateVersion(models.Model):
    """One counter: ``clients`` or ``keys``."""

    name = models.CharField(primary_key=True, max_length=40)
    value = models.BigIntegerField(default=0)

    objects: ClassVar[StateVersionManager] = StateVersionManager()

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
