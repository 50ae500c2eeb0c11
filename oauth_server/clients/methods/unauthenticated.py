"""``none``: a public client says its name (RFC 6749 §2.1, §3.2.1)."""

from __future__ import annotations

from datetime import datetime

from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.methods.presented import Presented


def prove(presented: Presented, client: RegisteredClient | None, now: datetime) -> str:  # noqa: ARG001  # the table's shape
    """Nothing speaks against a client that exists: its name is all that it has."""
    return "" if client is not None else "unknown client"
