"""Sessions: the browser's (Django's, with digests instead of keys) and the person's sign-in (what ``sid`` names)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class BrowserSession(AbstractBaseSession):
    """Django's session row. ``session_key`` holds a digest of what the cookie carries: a stolen table signs nobody in."""

    objects: ClassVar[BaseSessionManager[BrowserSession]] = BaseSessionManager()

    @classmethod
    def get_session_store_class(cls) -> type:
        """The store that reads and writes these rows."""
        from identity.sessions.store import SessionStore

        return SessionStore

    class Meta(AbstractBaseSession.Meta):
        verbose_name = _("browser session")


class LoginSession(models.Model):
    """One sign-in of one person in one browser (``sid``, OpenID Connect Front-Channel Logout §3).

    ``browser`` is the digest of the browser session that carries it. ``ended_at`` set means: nothing bound to it lives.
    """

    sid = models.CharField(primary_key=True, max_length=36, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_sessions")
    browser = models.CharField(max_length=64, db_index=True, blank=True)
    auth_time = models.DateTimeField()
    acr = models.CharField(max_length=100, blank=True)
    amr = models.JSONField(default=list)
    user_agent = models.CharField(max_length=300, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    created = models.DateTimeField()
    last_seen = models.DateTimeField()
    expires = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("sign-in")
        indexes: ClassVar[list[models.Index]] = [
            models.Index("user", name="login_live_idx", condition=models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return self.sid
