"""Django's database session store, with digests at rest: what the cookie carries is not in the table."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    """The digest store (to be completed by the identity room)."""
