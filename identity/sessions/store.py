"""Django's database session store: what the cookie carries is not in the table, and what the session holds cannot be read there.

A session may hold a code that was mailed, or a form that waits for a password; Django signs it, and anybody can read it.

``expire_date`` of the row enforces both lives of ``sessions/lives.py``; Django's own sliding expiry has no absolute end.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from identity import at_rest
from identity.models import BrowserSession, LoginSession
from identity.sessions.lives import ends_at, touch_is_due

SINCE = "_since"
SEEN = "_seen"
CONTEXT = "browser session"


def digest(session_key: str) -> str:
    """What the table knows of a session key. The key has 165 random bits, so a plain hash cannot be searched backwards."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(DatabaseStore):
    """The digest store; a drop-in for ``django.contrib.sessions.backends.db``."""

    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        """Our table."""
        return BrowserSession

    def _get_session_from_db(self) -> BrowserSession | None:
        row = BrowserSession.objects.find(digest(self.session_key or ""), timezone.now())
        if row is None:
            # An unknown key is never adopted: an attacker could have planted it (session fixation).
            self._session_key = None
        return row

    async def _aget_session_from_db(self) -> BrowserSession | None:
        return await sync_to_async(self._get_session_from_db)()

    def load(self) -> dict[str, Any]:
        """Read the session; one that was not seen for a while is marked to be written again, which renews its idle life."""
        data = super().load()
        if SEEN in data and touch_is_due(datetime.fromtimestamp(data[SEEN], UTC), timezone.now()):
            self.modified = True
        return data

    async def aload(self) -> dict[str, Any]:
        """See ``load``."""
        return await sync_to_async(self.load)()

    def exists(self, session_key: str | None) -> bool:
        """Is this key in use?"""
        return BrowserSession.objects.holds(digest(session_key or ""))

    async def aexists(self, session_key: str | None) -> bool:
        """See ``exists``."""
        return await sync_to_async(self.exists)(session_key)

    def encode(self, session_dict: dict[str, Any]) -> str:
        """What the table holds of the data."""
        return base64.b64encode(at_rest.seal(json.dumps(session_dict).encode(), CONTEXT)).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """The counterpart of ``encode``; nothing when it was changed, or was sealed under another key."""
        try:
            data: dict[str, Any] = json.loads(at_rest.unseal(base64.b64decode(session_data), CONTEXT))
        except ValueError:
            return {}
        return data

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        """The row to save: the digest of the key, the data, and the nearer end of the two lives."""
        now = timezone.now()
        data[SEEN] = int(now.timestamp())
        since = datetime.fromtimestamp(data.setdefault(SINCE, data[SEEN]), UTC)
        return BrowserSession(
            session_key=digest(self._get_or_create_session_key()),  # type: ignore[attr-defined]  # not in the stubs
            session_data=self.encode(data),
            expire_date=ends_at(since, now),
        )

    async def acreate_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        """See ``create_model_instance``."""
        return await sync_to_async(self.create_model_instance)(data)

    def delete(self, session_key: str | None = None) -> None:
        """Forget the row of a key, this one's by default."""
        if key := session_key or self.session_key:
            BrowserSession.objects.forget([digest(key)])

    async def adelete(self, session_key: str | None = None) -> None:
        """See ``delete``."""
        await sync_to_async(self.delete)(session_key)

    def cycle_key(self) -> None:
        """A new key for the same session; the sign-in that it carries goes along."""
        former = self.session_key
        super().cycle_key()
        if former and self.session_key:
            LoginSession.objects.follow(digest(former), digest(self.session_key))

    async def acycle_key(self) -> None:
        """See ``cycle_key``."""
        await sync_to_async(self.cycle_key)()

    def restart(self) -> None:
        """The person proved anew who they are: another key, and the absolute life starts again."""
        self[SINCE] = int(timezone.now().timestamp())
        self.cycle_key()

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the rows whose time is over (``manage.py clearsessions``)."""
        BrowserSession.objects.forget_expired(timezone.now())

    @classmethod
    async def aclear_expired(cls) -> None:
        """See ``clear_expired``."""
        await sync_to_async(cls.clear_expired)()
