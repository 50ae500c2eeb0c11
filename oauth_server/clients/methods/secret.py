"""``client_secret_basic`` and ``client_secret_post`` (RFC 6749 §2.3.1)."""

from __future__ import annotations

from datetime import datetime

from oauth_server.clients import secrets
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.methods.presented import Presented


def prove(presented: Presented, client: RegisteredClient | None, now: datetime) -> bool:
    """Whether the secret is one of the client's live ones."""
    return secrets.matches(client, presented.secrets, now)
