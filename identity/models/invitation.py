"""Invitations: who may sign up where not everybody may."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from identity.models.user import User


class InvitationManager(models.Manager["Invitation"]):
    """Named queries about invitations."""

    def find(self, digest: str, now: datetime) -> Invitation | None:
        """One that may still be used."""
        return self.filter(digest=digest, used_at=None, expires__gt=now).first()

    def spend(self, invitation: Invitation, now: datetime) -> bool:
        """Use one up; of two who try at once, one is told True."""
        return bool(self.filter(pk=invitation.pk, used_at=None, expires__gt=now).update(used_at=now))

    def note_person(self, invitation: Invitation, user: User) -> None:
        """Who came of it."""
        self.filter(pk=invitation.pk).update(person=user)

    def withdraw(self, email: str) -> None:
        """Those to an address that nobody has used: their links are worth nothing from now on."""
        self.filter(email=email, used_at=None).delete()


class Invitation(models.Model):
    """A link that was mailed to an address, known here by its digest. Whoever has it has read that mail."""

    email = models.EmailField(_("email address"), db_index=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(editable=False)
    expires = models.DateTimeField(_("expires"), db_index=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, editable=False, related_name="invitations"
    )

    objects: ClassVar[InvitationManager] = InvitationManager()

    class Meta:
        verbose_name = _("invitation")

    def __str__(self) -> str:
        return self.email
