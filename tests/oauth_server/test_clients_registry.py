"""``clients.registry`` and secrets: no statement in the steady state, and no stale answer for longer than a second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries

from oauth_server.clients import metadata, registry, secrets
from oauth_server.models import Client, ClientSecret, StateVersion, freshness
from oauth_server.settings.features import Limits
from tests.support.clients import REDIRECT, basic, make, send

pytestmark = pytest.mark.django_db

STEADY = override_settings(LIMITS=Limits(cache_seconds=3_600))


@STEADY
def test_authentication_costs_no_statement_in_the_steady_state(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Scorecard R-10: client credentials 0."""
    answer = make()
    header = basic(answer["client_id"], answer["client_secret"])
    send(header)
    with django_assert_num_queries(0):
        for _ in range(3):
            send(header)


@STEADY
def test_an_unknown_client_costs_no_statement_the_second_time(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Guessing must not reach the database."""
    assert registry.get("nobody") is None
    with django_assert_num_queries(0):
        assert registry.get("nobody") is None


@pytest.mark.parametrize("name", ["", "x" * 256, "a\x00b", "é", "a\nb", "\ud800"])
def test_a_name_that_nobody_can_have_costs_no_statement(
    name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """RFC 6749 appendix A.1: printable ASCII."""
    with django_assert_num_queries(0):
        assert registry.get(name) is None


@STEADY
def test_made_up_names_do_not_push_out_clients(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The cache is bounded, and a flood of unknown names stays in its own part."""
    monkeypatch.setattr(registry, "_MOST_UNKNOWN", 5)
    client_id = make()["client_id"]
    registry.get(client_id)
    for number in range(20):
        registry.get(f"nobody-{number}")
    assert len(registry._cache.unknown) <= 5
    with django_assert_num_queries(0):
        assert registry.get(client_id)


@override_settings(LIMITS=Limits(cache_seconds=0))
def test_a_change_by_another_process_is_seen() -> None:
    """Another process writes and moves the version; this one reads again within cache_seconds."""
    client_id = make()["client_id"]
    assert registry.get(client_id).is_active  # type: ignore[union-attr]
    Client.objects.filter(client_id=client_id).update(is_active=False)
    assert registry.get(client_id).is_active  # type: ignore[union-attr]
    StateVersion.objects.bump("clients")
    assert not registry.get(client_id).is_active  # type: ignore[union-attr]


@STEADY
def test_an_own_change_is_seen_at_once() -> None:
    """Whoever changes a client sees what it changed."""
    client_id = make(client_name="Old")["client_id"]
    assert registry.get(client_id).name == "Old"  # type: ignore[union-attr]
    metadata.update(client_id, {"redirect_uris": [REDIRECT], "client_name": "New"}, now=datetime.now(UTC))
    assert registry.get(client_id).name == "New"  # type: ignore[union-attr]
    freshness.forget()


def test_no_secret_can_be_read_from_the_database_or_a_representation() -> None:
    """Design rules 3 and 10: a digest at rest, nothing in a log or a trace."""
    answer = make(token_endpoint_auth_method="client_secret_jwt")
    secret = answer["client_secret"]
    client = registry.get(answer["client_id"])
    row = ClientSecret.objects.get()
    stored = b"".join([bytes(row.digest), bytes(row.wrapped), repr(client).encode(), str(row).encode()])
    assert secret.encode() not in stored
    assert repr(bytes(row.digest)) not in repr(client)


def test_a_wrapped_secret_moved_to_another_client_does_not_open() -> None:
    """The ciphertext is bound to its client: a row cannot be copied to a client that an attacker owns."""
    first, second = (make(token_endpoint_auth_method="client_secret_jwt") for _ in range(2))
    rows = {row.client.client_id: row for row in ClientSecret.objects.select_related("client")}
    ClientSecret.objects.filter(pk=rows[second["client_id"]].pk).update(wrapped=rows[first["client_id"]].wrapped)
    registry.forget()
    with pytest.raises(ValueError, match="does not open"):
        secrets.readable(registry.get(second["client_id"]), datetime.now(UTC))  # type: ignore[arg-type]


@pytest.mark.parametrize("removed", ["gone"])
def test_a_profile_that_is_gone_falls_to_the_strict_default(removed: str) -> None:
    """A table that lost a row must not loosen a client."""
    client_id = make(profile="openid")["client_id"]
    Client.objects.filter(client_id=client_id).update(profile=removed)
    registry.forget()
    client: Any = registry.get(client_id)
    assert client.profile.name == "oauth21"
    assert client.pkce_required


def test_public_clients_always_need_pkce() -> None:
    """RFC 9700 §2.1.1, whatever the profile."""
    client: Any = registry.get(make(profile="openid", token_endpoint_auth_method="none")["client_id"])
    assert client.pkce_required
    client = registry.get(make(profile="openid")["client_id"])
    assert not client.pkce_required
