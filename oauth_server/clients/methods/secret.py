"""``client_secret_basic`` and ``client_secret_post`` (RFC 6749 §2.3.1)."""

from __future__ import annotations

from datetime import datetime

from oauth_server.clients import secrets
from oauth_server.clients.client import RegisteredClient
from oauth_server.clients.methods.presented import Presented


def prove(presented: Presented, client: RegisteredClient | None, now: datetime) -> str:
    """Why the secret does not prove the client; nothing when it is one of the live ones."""
    return "" if secrets.matches(client, presented.secrets, now) else "The client secret is wrong."
