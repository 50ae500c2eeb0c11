"""A request of thousands of empty fields costs us no more than it costs to send (scorecard S-01, S-11)."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest

from oauth_server.authorize.request import salvage
from oauth_server.protocol.parameters import DEFAULT_LIMITS

ADDRESS = urlencode({"client_id": "a", "redirect_uri": "https://app.example/callback", "state": "x"}).encode()


@pytest.mark.parametrize("filling", [b"&", b"a&", b"%61&"])
def test_what_cannot_be_salvaged_is_not_read(filling: bytes) -> None:
    """Every field was decoded on its own, at half a second of a core a request."""
    raw = ADDRESS + b"&" + filling * ((DEFAULT_LIMITS.body - len(ADDRESS) - 1) // len(filling))
    began = time.process_time()
    assert not salvage(raw, DEFAULT_LIMITS)
    assert time.process_time() - began < 0.05


def test_a_few_too_many_are_still_answered_at_the_client() -> None:
    """RFC 6749 §4.1.2.1: an error travels to the client while its address is not in doubt."""
    assert salvage(ADDRESS + b"&a=b" * 2 * DEFAULT_LIMITS.count, DEFAULT_LIMITS)["state"] == "x"
