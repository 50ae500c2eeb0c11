"""Authorization codes (RFC 6749 §4.1.2): a digest, spent once."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db import connections, models, router
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractGrant

from identity.models import LoginSession
from oauth_server.models.consent import Consent
from oauth_server.models.statements import returning


class AuthorizationCodeManager(models.Manager["AuthorizationCode"]):
    """Named queries about codes."""

    def redeem(self, digest: bytes, client: int, now: datetime) -> AuthorizationCode | None:
        """Spend a code: of any number of callers exactly one gets the row (scorecard R-01).

        Another client's try spends nothing. A code whose person, session or consent has ended since is not spent either.
        Where two transactions can run at once, the person's row is held until ours ends: disabling the person then waits, and
        finds the family that it has to end, which re-enabling must not bring back (R-06).

        Args:
            digest: of the code presented.
            client: primary key of the authenticated client.
            now: the moment of the request.
        """
        users = get_user_model()._meta.db_table
        sessions = LoginSession._meta.db_table
        consents = Consent._meta.db_table
        hold = (
            " FOR SHARE" if connections[router.db_for_write(AuthorizationCode)].features.has_select_for_update else ""
        )
        rows = returning(
            AuthorizationCode,
            "UPDATE {table} SET used_at = %s WHERE digest = %s AND application_id = %s AND used_at IS NULL AND expires > %s"
            f' AND EXISTS (SELECT 1 FROM "{users}" u WHERE u.id = user_id AND u.is_active{hold})'
            f' AND (session_id IS NULL OR EXISTS (SELECT 1 FROM "{sessions}" s WHERE s.sid = session_id AND s.ended_at IS NULL))'
            f' AND (consent_id IS NULL OR EXISTS (SELECT 1 FROM "{consents}" c WHERE c.id = consent_id AND c.revoked_at IS NULL))'
            " RETURNING {columns}",
            now,
            digest,
            client,
            now,
        )
        return rows[0] if rows else None

    def withdraw(self, user: Any, application: int | None = None) -> None:
        """Forget the codes of a person that nobody redeemed yet; those of one client, if given."""
        codes = self.filter(user=user, used_at=None)
        (codes if application is None else codes.filter(application=application)).delete()

    def spent(self, digest: bytes) -> AuthorizationCode | None:
        """A code that was redeemed before, to judge a replay; None when it never was or is gone."""
        return self.filter(digest=digest, used_at__isnull=False).first()


class AuthorizationCode(AbstractGrant):
    """What an authorization request proved, waiting to be redeemed. ``family`` names what it will have issued."""

    id = None
    code = None
    updated = None
    digest = models.BinaryField(primary_key=True, max_length=32)
    family = models.UUIDField(default=uuid.uuid4)
    session = models.ForeignKey(LoginSession, on_delete=models.CASCADE, null=True, blank=True)
    consent = models.ForeignKey(Consent, on_delete=models.SET_NULL, null=True, blank=True)
    auth_time = models.DateTimeField(null=True, blank=True)
    acr = models.CharField(max_length=100, blank=True)
    amr = models.JSONField(default=list)
    authorization_details = models.JSONField(default=list)
    claims = models.JSONField(default=dict)
    confirmation = models.JSONField(default=dict)
    used_at = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField()

    objects: ClassVar[AuthorizationCodeManager] = AuthorizationCodeManager()

    class Meta:
        verbose_name = _("authorization code")
        indexes: ClassVar[list[models.Index]] = [models.Index("expires", name="code_expires_idx")]

    def __str__(self) -> str:
        return f"code of family {self.family}"
