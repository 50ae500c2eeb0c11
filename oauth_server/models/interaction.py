"""An authorization request while the browser is away to sign in or to consent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oauth_server.models.client import Client
from oauth_server.models.spending import Condition, NewRow, spend


class InteractionManager(models.Manager["Interaction"]):
    """Named queries about interactions."""

    def find(self, digest: bytes) -> Interaction | None:
        """An interaction in whatever state, with its client: what a stale page explains itself with."""
        return self.select_related("application").filter(digest=digest).first()

    def pending(self, digest: bytes, now: datetime) -> Interaction | None:
        """An interaction that still waits, with its client."""
        return self.select_related("application").filter(digest=digest, finished_at=None, expires__gt=now).first()

    def bind(self, digest: bytes, browser: bytes) -> bool:
        """Give an interaction to the first browser that comes for it; False when another one has it."""
        return bool(
            self.filter(Q(browser=None) | Q(browser=browser), digest=digest, finished_at=None).update(browser=browser)
        )

    def select_account(self, digest: bytes, now: datetime) -> None:
        """Note that the person chose, at ``now``, to go on with the account that is signed in."""
        self.filter(digest=digest, finished_at=None).update(account_selected_at=now)

    def decline(self, digest: bytes, now: datetime) -> None:
        """Note that the person would rather not prove more than they did."""
        self.filter(digest=digest, finished_at=None).update(declined_at=now)

    def consent(self, digest: bytes, user: uuid.UUID, now: datetime) -> None:
        """Note that ``user`` agreed in this very interaction; another person's agreement does not count."""
        self.filter(digest=digest, finished_at=None).update(consented_at=now, consented_by=user)

    def finish(self, digest: bytes, now: datetime, rows: Sequence[NewRow] = ()) -> bool:
        """Spend an interaction and write its answer's rows: of any number of tabs exactly one gets to answer the client."""
        return spend(Interaction, digest, now, rows, Condition("expires > %s", (now,)), column="finished_at")


class Interaction(models.Model):
    """The whole request, stored once: nothing rides in hidden fields.

    ``browser`` is the digest of the cookie of the browser that may continue it; null until the first visit after a POST
    from another site, which carries no cookies.
    """

    digest = models.BinaryField(primary_key=True, max_length=32)
    browser = models.BinaryField(max_length=32, null=True, blank=True)
    application = models.ForeignKey(Client, on_delete=models.CASCADE)
    request = models.JSONField()
    created = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)
    account_selected_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    consented_by = models.UUIDField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[InteractionManager] = InteractionManager()

    class Meta:
        verbose_name = _("interaction")

    def __str__(self) -> str:
        return f"interaction of {self.application_id}"
