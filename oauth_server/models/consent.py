"""What a person allowed a client, remembered and revocable."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import partial
from typing import ClassVar, Final

from django.conf import settings
from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from identity.models.prepared import Prepared, attributes, instance
from oauth_server.models.client import Client
from oauth_server.models.statements import returning


class ConsentManager(models.Manager["Consent"]):
    """Named queries about consents."""

    def live(self, user: uuid.UUID, client: int, now: datetime) -> Consent | None:
        """The one consent in force between a person and a client."""
        consent = _NOT_REVOKED.one(user, client)
        return consent if consent is not None and consent.expires > now else None

    def lock(self, user: uuid.UUID, client: int) -> Consent | None:
        """The one consent that was not taken back, expired or not: nobody else changes it until the transaction ends."""
        return self.select_for_update().filter(user=user, application=client, revoked_at=None).first()

    def remember(
        self,
        user: uuid.UUID,
        client: int,
        scope: frozenset[str],
        now: datetime,
        expires: datetime,
        claims: frozenset[str] = frozenset(),
        refused: frozenset[str] = frozenset(),
    ) -> Consent:
        """Add a decision to what was allowed before; of an expired one only the row is kept, not the scopes.

        Args:
            user: primary key of the person.
            client: primary key of the client.
            scope: what the person agreed to now.
            now: the moment of the decision.
            expires: until when it is remembered.
            claims: what the person agreed to by name, beyond the scopes.
            refused: what they left out now of what was asked.
        """
        with transaction.atomic(using=router.db_for_write(Consent)):
            # Held, or a withdrawal between this look and the write would be undone by what was read before it.
            kept = self.lock(user, client)
            former = kept if kept is not None and kept.expires > now else None
            allowed = (scope | frozenset(former.scope.split() if former else ())) - refused
            left_out = (refused | frozenset(former.refused.split() if former else ())) - scope
            named = claims | frozenset(former.claims if former else ())
            # The conflict target repeats the condition of ``one_live_consent``: two tabs that agree at once make one row.
            rows = returning(
                Consent,
                "INSERT INTO {table} (user_id, application_id, scope, refused, claims, resource, created, updated, expires)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (user_id, application_id) WHERE revoked_at IS NULL"
                " DO UPDATE SET scope = excluded.scope, refused = excluded.refused, claims = excluded.claims,"
                " updated = excluded.updated, expires = excluded.expires RETURNING {columns}",
                user,
                client,
                " ".join(sorted(allowed)),
                " ".join(sorted(left_out)),
                sorted(named),
                [],
                now,
                now,
                expires,
            )
        return rows[0]

    def revoke(self, consent: int, now: datetime) -> bool:
        """Take one back; False when it was taken back before, so that of two callers exactly one tells of it."""
        return bool(self.filter(pk=consent, revoked_at=None).update(revoked_at=now))

    def of_person(self, user: uuid.UUID) -> list[Consent]:
        """What a person has not taken back, with its client."""
        rows = self.filter(user=user, revoked_at=None).select_related("application")
        return list(rows.order_by("application__name", "pk"))

    def clients(self, user: uuid.UUID) -> list[str]:
        """The clients that a person ever allowed something."""
        return list(self.filter(user=user).order_by("pk").values_list("application__client_id", flat=True))

    def withdraw(self, user: uuid.UUID, client: int, now: datetime) -> int:
        """Take back what a person allowed a client; answers how many decisions that were."""
        return self.filter(user=user, application=client, revoked_at=None).update(revoked_at=now)


class Consent(models.Model):
    """One decision. A revoked consent stays: everything issued under it is dead, and a new decision is a new row."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents")
    application = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="consents")
    scope = models.TextField()
    # With a default in the database: a process of the version before writes rows while this one is rolled out.
    refused = models.TextField(blank=True, default="", db_default="")
    claims = models.JSONField(default=list)
    resource = models.JSONField(default=list)
    created = models.DateTimeField()
    updated = models.DateTimeField()
    expires = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ConsentManager] = ConsentManager()

    class Meta:
        verbose_name = _("consent")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "user", "application", name="one_live_consent", condition=models.Q(revoked_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} allows {self.application_id}: {self.scope}"


_NOT_REVOKED: Final = Prepared(
    # One after the other: arguments of one ``filter`` are sorted by name, and these are to come in the order of the values.
    lambda user, client: (
        Consent.objects.filter(user=user).filter(application=client, revoked_at=None).values_list(*attributes(Consent))
    ),
    (Consent._meta.get_field("user"), Consent._meta.get_field("application")),
    ((uuid.UUID(int=1), 1), (uuid.UUID(int=2), 2)),
    partial(instance, Consent),
)
