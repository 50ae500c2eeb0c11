"""``clients.key_sets``: keys behind a jwks_uri are fetched seldom, and outlive an outage (OpenID Connect Core §10.1.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey

from oauth_server.clients import key_sets, registry
from oauth_server.clients.client import RegisteredClient
from oauth_server.outbound import fetch, kept
from oauth_server.protocol.errors import InvalidClient
from tests.support.clients import claims, make, send_assertion, sign

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://app.example/jwks"
ONE, TWO = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("one", "two"))


class Away:
    """What stands at the address: keys, or nothing."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self.calls = 0

    def publish(self, *keys: ECKey) -> None:
        self.body = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()

    def get(self, url: str, **_: Any) -> fetch.Fetched:
        assert url == URL
        self.calls += 1
        if self.body is None:
            raise fetch.FetchError("away")
        return fetch.Fetched(self.body, "application/json")


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    away = Away()
    monkeypatch.setattr(fetch, "get", away.get)
    return away


@pytest.fixture
def client() -> RegisteredClient:
    client = registry.get(make(token_endpoint_auth_method="private_key_jwt", jwks_uri=URL)["client_id"])
    assert client is not None
    return client


def kids(client: RegisteredClient, kid: str | None = "one", after: float = 0) -> list[str]:
    return [key.kid for key in key_sets.key_set(client, kid, NOW + timedelta(seconds=after)).keys]


def test_a_set_is_fetched_once_while_it_is_fresh(client: RegisteredClient, away: Away) -> None:
    """One call serves ten minutes of assertions."""
    away.publish(ONE)
    for after in (0, 1, 599):
        assert kids(client, after=after) == ["one"]
    assert away.calls == 1


def test_an_unknown_key_is_looked_for_soon_and_at_most_five_times_a_minute(
    client: RegisteredClient, away: Away
) -> None:
    """Rotation is noticed after two seconds; a flood of made-up names is not answered with a flood of calls."""
    away.publish(ONE)
    assert kids(client) == ["one"]
    away.publish(ONE, TWO)
    assert kids(client, "two", 1) == ["one"]
    assert away.calls == 1
    assert kids(client, "two", 2) == ["one", "two"]
    for after in range(3, 60):
        kids(client, f"made-up-{after}", after)
    assert away.calls == 5


def test_an_address_that_fails_is_asked_once_a_minute(client: RegisteredClient, away: Away) -> None:
    """A client's server that is down is not called for every assertion in its name."""
    away.publish(ONE)
    assert kids(client) == ["one"]
    away.body = None
    for after in range(10, 69):
        assert kids(client, "two", after) == ["one"]
    assert away.calls == 2
    kids(client, "two", 70)
    assert away.calls == 3


def test_the_last_good_set_goes_on_while_the_address_is_away_but_not_for_ever(
    client: RegisteredClient, away: Away
) -> None:
    """An outage at the client's must not end its service; a withdrawn key must not live for ever."""
    away.publish(ONE)
    assert kids(client) == ["one"]
    away.body = None
    assert kids(client, after=601) == ["one"]
    assert kids(client, after=602) == ["one"]
    assert away.calls == 2
    assert kids(client, after=86_399) == ["one"]
    assert kids(client, after=86_401) == []


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b'{"keys": 1}', b"\xff", b'{"keys": [], "keys": []}', b"[" * 10_000]
)
def test_a_malformed_set_changes_nothing(client: RegisteredClient, away: Away, body: bytes) -> None:
    """RFC 7517 §5: what is no key set is no news."""
    away.publish(ONE)
    assert kids(client) == ["one"]
    away.body = body
    assert kids(client, after=700) == ["one"]


def test_a_new_process_starts_from_the_shared_cache(client: RegisteredClient, away: Away) -> None:
    """A restart costs the client no call."""
    away.publish(ONE)
    assert kids(client) == ["one"]
    key_sets.forget()
    assert kids(client, after=10) == ["one"]
    assert away.calls == 1


def test_a_cache_that_is_away_is_no_reason_to_refuse(
    client: RegisteredClient, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Design rule 8: the cache is never the only holder of a truth."""

    def fail(*_: Any, **__: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(kept.cache, "get", fail)
    monkeypatch.setattr(kept.cache, "set", fail)
    away.publish(ONE)
    assert kids(client) == ["one"]


def test_a_stranger_cannot_make_us_fetch(client: RegisteredClient, away: Away) -> None:
    """Design rule 6: whatever is free to check is checked before an address is called."""
    stranger = ECKey.generate_key("P-256", {"kid": "x"})
    for wrong in ({"aud": "https://evil.example"}, {"exp": 1}, {"iss": "another"}, {"jti": ""}):
        with pytest.raises(InvalidClient):
            send_assertion(sign(claims(client.client_id, **wrong), stranger, kid="x"))
    assert away.calls == 0


def test_an_assertion_verifies_by_a_fetched_key(client: RegisteredClient, away: Away) -> None:
    """RFC 7523 §3 item 9, with keys behind jwks_uri."""
    away.publish(ONE)
    assert send_assertion(sign(claims(client.client_id), ONE, kid="one")).client_id == client.client_id
    with pytest.raises(InvalidClient):
        send_assertion(sign(claims(client.client_id), TWO, kid="one"))
