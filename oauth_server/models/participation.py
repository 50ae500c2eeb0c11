"""Which client took part in which sign-in: whom to tell when it ends (OpenID Connect Back-Channel Logout §2.5)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models

from identity.models import LoginSession
from oauth_server.models.client import Client
from oauth_server.models.spending import NewRow, write


class ParticipationManager(models.Manager["Participation"]):
    """Named queries about participations."""

    def take_part(self, session: str, client: int, now: datetime) -> None:
        """Note that a client took part in a sign-in, in one statement; doing it twice is harmless."""
        write(self.part(session, client, now))

    def part(self, session: str, client: int, now: datetime) -> NewRow:
        """The row that ``take_part`` writes."""
        return NewRow(Participation, {"session_id": session, "application_id": client, "created": now}, once=True)

    def clients(self, sessions: Iterable[str]) -> list[tuple[str, str]]:
        """Who took part in these sign-ins: (sid, client_id), in the order of their coming, in one statement."""
        rows = self.filter(session__in=list(sessions)).order_by("created", "pk")
        return list(rows.values_list("session_id", "application__client_id"))

    def last_sign_ins(self, user: uuid.UUID) -> dict[str, str]:
        """client_id → the last of a person's sign-ins that it took part in, as far as they are kept."""
        rows = self.filter(session__user=user).order_by("created", "pk")
        return dict(rows.values_list("application__client_id", "session_id"))


class Participation(models.Model):
    """One client in one sign-in."""

    session = models.ForeignKey(LoginSession, on_delete=models.CASCADE, related_name="participations")
    application = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="participations")
    created = models.DateTimeField()

    objects: ClassVar[ParticipationManager] = ParticipationManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint("session", "application", name="one_participation"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} in {self.session_id}"
