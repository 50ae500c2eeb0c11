"""A new secret on its way to the one page that shows it: encrypted in the person's session, gone with the first look.

A page that answers a POST with the secret itself would make another one on reload, and a secret in the clear would lie in the
session table for as long as the session lives.
"""

from __future__ import annotations

import base64
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Any, Final

from oauth_server.keys import wrap

_SLOT: Final = "secret_to_show"
_MINUTES: Final = 10


def keep(session: MutableMapping[str, Any], client_id: str, secret: str, now: datetime) -> None:
    """Put a secret aside for the next page.

    Args:
        session: of the person who will see it.
        client_id: whose secret it is.
        secret: as it was made.
        now: aware; the secret waits ten minutes.
    """
    wrapped = wrap.wrap(secret.encode(), _context(client_id))
    session[_SLOT] = [client_id, base64.b64encode(wrapped).decode(), now.timestamp()]


def waits(session: MutableMapping[str, Any], client_id: str) -> bool:
    """Whether a secret of this client waits to be shown."""
    slot = session.get(_SLOT)
    return slot is not None and slot[0] == client_id


def take(session: MutableMapping[str, Any], client_id: str, now: datetime) -> str:
    """The secret that waits for this page; empty when there is none, or it was seen, or it waited too long."""
    slot = session.get(_SLOT)
    if not slot or slot[0] != client_id:
        return ""
    del session[_SLOT]
    if now.timestamp() - slot[2] > timedelta(minutes=_MINUTES).total_seconds():
        return ""
    try:
        return wrap.unwrap(base64.b64decode(slot[1]), _context(client_id)).decode()
    except wrap.WrapError:
        return ""  # the key-encryption key is another one since: the secret is lost as if it had waited too long


def _context(client_id: str) -> str:
    return f"secret to show of {client_id}"
