"""``session_state``: how a client's page learns, without a request, that the sign-in changed (OpenID Connect Session Management 1.0).

Three values hang together. The browser state (``opbs``) follows from the ``sid`` and stands in a cookie that the script of our
frame may read. ``session_state`` is a salted hash of it for one client and one origin. The frame computes the same hash.
"""

from __future__ import annotations

import hashlib
import secrets as randomness
from typing import Final

from oauth_server.keys import secrets
from oauth_server.protocol import uris

_SALT_OCTETS: Final = 12


def browser_state(sid: str) -> str:
    """What the cookie holds: it changes when another sign-in begins, is empty without one, and tells no ``sid``."""
    return secrets.derive("session state", sid).hex() if sid else ""


def session_state(client_id: str, redirect_uri: str, state: str) -> str:
    """The value for one answer (§2, §4.2).

    Args:
        client_id: who gets it.
        redirect_uri: where it goes; its origin is that of the page that will ask.
        state: what ``browser_state`` said.

    Returns:
        Empty for an address that no page can have, such as an app's own scheme.
    """
    origin = uris.origin(redirect_uri)
    if not origin.startswith(("https://", "http://")):
        return ""
    salt = randomness.token_urlsafe(_SALT_OCTETS)
    return f"{digest(client_id, origin, state, salt)}.{salt}"


def digest(client_id: str, origin: str, state: str, salt: str) -> str:
    """The hash that the frame computes too (§4.2)."""
    return hashlib.sha256(f"{client_id} {origin} {state} {salt}".encode()).hexdigest()
