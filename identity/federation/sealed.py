"""What travels through a browser, or through a provider, and is opened here again: encrypted, and good for ten minutes."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any, Final

from identity.at_rest import seal, unseal

SECONDS: Final = 600


def pack(members: dict[str, Any], purpose: str, now: datetime) -> str:
    """Text for a query.

    Args:
        members: JSON.
        purpose: nothing packed for one purpose opens for another.
        now: aware UTC.
    """
    octets = json.dumps({**members, "until": int(now.timestamp()) + SECONDS}).encode()
    return base64.urlsafe_b64encode(seal(octets, purpose)).rstrip(b"=").decode()


def unpack(text: str, purpose: str, now: datetime) -> dict[str, Any]:
    """What was packed; empty when it is not ours, or too old."""
    try:
        members: dict[str, Any] = json.loads(unseal(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), purpose))
    except ValueError:  # base64, the seal and JSON all say so
        return {}
    return members if members["until"] > now.timestamp() else {}
