"""Authorization codes (RFC 6749 §4.1.2): a digest, spent once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Final

from django.contrib.auth import get_user_model
from django.db import connections, models, router
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractGrant

from identity.models import LoginSession
from oauth_server.models.client import Client
from oauth_server.models.consent import Consent
from oauth_server.models.spending import Condition, NewRow, spend

_NOT_CUT_OFF: Final = "is_active AND (tokens_not_before IS NULL OR tokens_not_before <= %s)"


@cache
def _is_there(model: type[models.Model], condition: str, *, hold: bool = False) -> str:
    """SQL: does the row with this key, the last parameter, still meet the condition? ``hold`` keeps it from changing until the transaction ends.

    As a value: in a WHERE beside the key PostgreSQL, as long as it has no statistics, would rather read a partial index whole.
    """
    table, key = model._meta.db_table, model._meta.pk.column
    can_hold = connections[router.db_for_write(model)].features.has_select_for_update
    return f'(SELECT {condition} FROM "{table}" WHERE "{key}" = %s{" FOR SHARE" * (hold and can_hold)})'


class AuthorizationCodeManager(models.Manager["AuthorizationCode"]):
    """Named queries about codes."""

    def redeem(
        self,
        digest: bytes,
        now: datetime,
        rows: Sequence[NewRow],
        *,
        client: int,
        created: datetime,
        user: uuid.UUID,
        session: str | None,
        consent: int | None,
    ) -> bool:
        """Spend a code and write what it is redeemed for: of any number of callers exactly one succeeds (scorecard R-01).

        A code whose client, person, session or consent has ended since it was looked at is not spent; what a process remembers
        of a client is a second old. Where two transactions can run at once, the rows of the client and the person are held until
        ours ends: disabling one of them then waits, and finds the family that it has to end, which re-enabling must not bring
        back (R-06).

        Args:
            digest: of the code presented.
            now: the moment of the request.
            rows: written together with it.
            client: whose code it is.
            created: when it was; the client's ``tokens_not_before`` must not be later.
            user: of whom it speaks.
            session: the sign-in that it hangs on.
            consent: the consent that it hangs on.
        """
        lives = [
            Condition(_is_there(Client, _NOT_CUT_OFF, hold=True), (created, client)),
            Condition(_is_there(get_user_model(), "is_active", hold=True), (user,)),
        ]
        if session is not None:
            lives.append(Condition(_is_there(LoginSession, "ended_at IS NULL"), (session,)))
        if consent is not None:
            lives.append(Condition(_is_there(Consent, "revoked_at IS NULL"), (consent,)))
        return spend(AuthorizationCode, digest, now, rows, *lives)

    def burn(self, digest: bytes, now: datetime) -> bool:
        """Spend a code for nothing: what came with it was wrong."""
        return spend(AuthorizationCode, digest, now, ())

    def withdraw(self, user: Any, application: int | None = None) -> None:
        """Forget the codes of a person that nobody redeemed yet; those of one client, if given."""
        codes = self.filter(user=user, used_at=None)
        (codes if application is None else codes.filter(application=application)).delete()


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
