"""What counts as suspicious, and what never does (RFC 9700 §4.14): networks of sign-ins and grants, refreshes in a hurry."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.sessions.roaming import Roaming, network_of
from oauth_server.models.standing import PresentedRefreshToken, Standing
from oauth_server.settings.features import Rate
from oauth_server.tokens.suspicion import BURST, MOVED, Rules, look

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RULES = Rules(burst=Rate(20, 60), changes=Rate(6, 600), prefixes=(24, 48), lifetime=600)
HOME, OFFICE, TRAIN = "198.51.100.7", "203.0.113.9", "192.0.2.1"


def presented(address: str | None, created: datetime, trail: list[object] | None = None) -> PresentedRefreshToken:
    family = Standing(
        uuid.uuid4(), uuid.uuid4(), "olena", None, None, "openid", [], {}, [], {}, None, "1", [], NOW, NOW,
        True, False, False, False,
    )  # fmt: skip
    return PresentedRefreshToken("app", 1, 3, address, created, NOW, None, trail, family)


def walk(addresses: Iterable[str], seconds: float, rules: Rules = RULES) -> list[tuple[str, ...]]:
    """Refresh from one address after another, so many seconds apart; the first is where the grant began."""
    former, *others = addresses
    found, trail, at = [], None, NOW
    for address in others:
        token = presented(former, at, trail)
        at += timedelta(seconds=seconds)
        finding = look(token, address, rules, at)
        found.append(finding.patterns)
        former, trail = address, finding.trail
    return found


def test_who_refreshes_when_it_has_to_leaves_no_trail_from_wherever_it_comes() -> None:
    """A client behind several exits refreshes every ten minutes, each time from another one."""
    assert walk([HOME, OFFICE, TRAIN] * 200, 600) == [()] * 599
    assert look(presented(HOME, NOW), OFFICE, RULES, NOW + timedelta(seconds=300)).trail is None


def test_a_telephone_that_leaves_the_house_is_not_suspicious() -> None:
    """Home, street, train, office, and back, refreshing at every look at the application."""
    assert walk([HOME, HOME, TRAIN, TRAIN, HOME, TRAIN, OFFICE, OFFICE], 20) == [()] * 7


def test_a_line_with_both_protocols_does_not_change_its_network() -> None:
    """RFC 8305: which of the two a connection uses is a race; neither is elsewhere."""
    assert walk([HOME, "2001:db8:1::7"] * 15, 5) == [()] * 29


def test_addresses_of_one_network_are_one_place() -> None:
    assert walk([f"198.51.100.{last}" for last in range(1, 20)], 10) == [()] * 18
    assert network_of("::ffff:198.51.100.7", (24, 48)) == network_of("198.51.100.200", (24, 48)) == "198.51.100.0/24"
    assert network_of("2001:db8:1:2::3", (24, 48)) == "2001:db8:1::/48"
    assert network_of(None, (24, 48)) == network_of("unix:", (24, 48)) == ""


def test_two_places_at_once_are_found_once() -> None:
    """Two holders take turns; the seventh change within the ten minutes is one too many, and the eighth is no news."""
    assert walk([HOME, OFFICE] * 6, 10) == [()] * 6 + [(MOVED,)] + [()] * 4


def test_many_places_in_a_short_time_are_found() -> None:
    assert walk([f"10.0.{net}.1" for net in range(9)], 10)[6] == (MOVED,)


def test_changes_that_are_further_apart_begin_anew() -> None:
    assert walk([HOME, OFFICE] * 20, 200) == [()] * 39


def test_the_refresh_that_is_one_too_many_is_found_once_in_each_minute() -> None:
    found = walk([HOME] * 62, 2)
    assert [at for at, patterns in enumerate(found, 1) if patterns] == [21, 51]
    assert found[20] == (BURST,)
    assert walk([HOME] * 62, 3.1) == [()] * 61


def test_nought_turns_each_off() -> None:
    off = Rules(Rate(0, 1), Rate(0, 1), (24, 48), 600)
    assert walk([HOME, OFFICE] * 100, 0.01, off) == [()] * 199


def test_the_trail_does_not_grow() -> None:
    trail: list[object] | None = None
    for step in range(2_000):
        address = f"2001:db8:{step:x}::1" if step % 2 else f"10.{step % 250}.{step % 7}.1"
        trail = look(presented(HOME, NOW, trail), address, RULES, NOW + timedelta(seconds=step / 10)).trail
    assert len(json.dumps(trail)) < 120


@given(st.lists(st.sampled_from([HOME, OFFICE, TRAIN, "2001:db8::1", "2001:db8:7::1"]), min_size=2, max_size=40))
def test_as_many_changes_as_are_allowed_are_never_found(addresses: list[str]) -> None:
    """Each of the five is a network of its own; IPv4 and IPv6 are each compared with themselves."""
    kinds = ([each for each in addresses if (":" in each) is is_ipv6] for is_ipv6 in (False, True))
    changes = sum(before != after for kind in kinds for before, after in pairwise(kind))
    found = [MOVED in patterns for patterns in walk(addresses, 1)]
    assert any(found) == (changes > RULES.changes.amount)
    assert sum(found) <= 1


@pytest.mark.parametrize("stored", [None, [], ["198.51.100.0/24", "", 5, 2]])
def test_what_is_stored_is_read_again(stored: list[object] | None) -> None:
    assert Roaming.from_json(stored).to_json() == (stored or ["", "", 0, 0])
