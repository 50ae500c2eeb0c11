"""Sign-outs as effects that can be counted: a client with a back channel hears of each, once or more often, by its ``jti``."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.support.receiver import Receiver
from tests.support.server import House

# Lets the server speak to a receiver on this machine (OUTBOUND_ALLOW).
LOOPBACK = "127.0.0.0/8"


def participants(home: House, party: Receiver, n: int) -> dict[str, str]:
    """Sign-ins that a client with a back channel took part in: the key of each, and the ``sid`` that the client knows."""
    made = home.seeder("client", backchannel_logout_uri=f"{party.origin}/out")
    people = [home.seeder("participant", client_id=made["client_id"]) for _ in range(n)]
    return {who["sid"]: who["told"] for who in people}


def claims(token: str) -> dict[str, Any]:
    """What a logout token says, unverified."""
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def sids(party: Receiver) -> Counter[str]:
    """How often each sign-in was told to be over."""
    return Counter(claims(token)["sid"] for token in party.tokens)


def until(home: House, done: Callable[[dict[str, int]], bool], seconds: float = 60) -> dict[str, int]:
    """Wait until the outbox stands as it should."""
    end = time.monotonic() + seconds
    while not done(standing := home.seeder("outbox")) and time.monotonic() < end:
        time.sleep(0.2)
    return standing
