"""Who may register over the network, and who may manage what was registered so (RFC 7591 §3, RFC 7592): digests only."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oauth_server.models.client import Client
from oauth_server.models.statements import returning


class InitialAccessTokenManager(models.Manager["InitialAccessToken"]):
    """Named queries about initial access tokens."""

    def keep(self, token: InitialAccessToken) -> None:
        """Store a new token."""
        self.bulk_create([token])

    def find(self, digest: bytes, now: datetime) -> InitialAccessToken | None:
        """A token that is good for one more registration at least; a disabled person's are good for none."""
        return self.filter(
            Q(user=None) | Q(user__is_active=True), digest=digest, uses_left__gt=0, expires__gt=now
        ).first()

    def spend(self, digest: bytes, now: datetime) -> bool:
        """Take one use; of any number of callers no more hear True than there are uses."""
        return bool(
            returning(
                InitialAccessToken,
                "UPDATE {table} SET uses_left = uses_left - 1"
                " WHERE digest = %s AND uses_left > 0 AND expires > %s RETURNING {columns}",
                digest,
                now,
            )
        )


class InitialAccessToken(models.Model):
    """The right to register some clients (RFC 7591 §1.2). The clients belong to ``user``, if it has one."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    uses_left = models.PositiveIntegerField()
    created = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)

    objects: ClassVar[InitialAccessTokenManager] = InitialAccessTokenManager()

    class Meta:
        verbose_name = _("initial access token")

    def __str__(self) -> str:
        return f"{self.uses_left} until {self.expires:%Y-%m-%d %H:%M:%S}"


class RegistrationManager(models.Manager["Registration"]):
    """Named queries about registrations."""

    def keep(self, registration: Registration) -> None:
        """Store a new registration."""
        self.bulk_create([registration])

    def has_room(self, most: int) -> bool:
        """Whether fewer than ``most`` clients that nobody owns have registered themselves."""
        return self.filter(client__user=None).count() < most

    def opens(self, digest: bytes, client_id: str) -> bool:
        """Whether a registration access token is the one of this client."""
        return self.filter(digest=digest, client__client_id=client_id).exists()

    def used(self, client: int) -> None:
        """The client was used: it expires no more."""
        self.filter(client=client).exclude(expires=None).update(expires=None)


class Registration(models.Model):
    """A client that registered itself, with the digest of its registration access token (RFC 7592 §1.2).

    ``expires`` is when it goes unless it is used before; None once it was, and for a client that somebody vouched for.
    """

    client = models.OneToOneField(Client, on_delete=models.CASCADE, primary_key=True, related_name="registration")
    digest = models.BinaryField(max_length=32, unique=True)
    expires = models.DateTimeField(null=True, db_index=True)

    objects: ClassVar[RegistrationManager] = RegistrationManager()

    class Meta:
        verbose_name = _("registration")

    def __str__(self) -> str:
        return f"registration of {self.client_id}"
