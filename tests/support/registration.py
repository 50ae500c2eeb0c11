"""Clients that register themselves: plain HTTP as any library would send it, the rest by Authlib."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from django.test import override_settings

from oauth_server.endpoints import discovery
from oauth_server.outbound import fetch
from oauth_server.outbound.fetch import Fetched
from tests.support.parties import Http, Party

ADDRESS = "/oauth/register"
CALLBACK = "https://rp.example/cb"
METADATA = {"redirect_uris": [CALLBACK], "client_name": "Relying Party"}


def post(metadata: Any, token: str = "", **headers: str) -> httpx2.Response:
    """One registration."""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return Http().post(ADDRESS, json=metadata, headers=headers)


def registered(**members: Any) -> dict[str, Any]:
    """A registration that succeeds."""
    answered = post(METADATA | members)
    assert answered.status_code == 201, answered.text
    told: dict[str, Any] = answered.json()
    return told


def manage(method: str, told: dict[str, Any], token: str | None = None, **kwargs: Any) -> httpx2.Response:
    """A look at one's own registration, where and with what the answer says."""
    headers = {"Authorization": f"Bearer {told['registration_access_token'] if token is None else token}"}
    return Http().request(method, told["registration_client_uri"], headers=headers, **kwargs)


def party(told: dict[str, Any]) -> Party:
    """The client that was registered."""
    return Party(told["client_id"], told.get("client_secret", ""), told)


@pytest.fixture
def registration_open(keys: None) -> Iterator[None]:
    """Anybody may register."""
    discovery._printed.cache_clear()
    with override_settings(REGISTRATION="open"):
        yield
    discovery._printed.cache_clear()


@pytest.fixture
def registration_by_token(keys: None) -> Iterator[None]:
    """Only with an initial access token."""
    discovery._printed.cache_clear()
    with override_settings(REGISTRATION="token"):
        yield
    discovery._printed.cache_clear()


class Web:
    """The web as the guarded fetcher sees it: addresses with bodies, and who was asked."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.asked: list[str] = []

    def get(self, url: str, **_: Any) -> Fetched:
        self.asked.append(url)
        if url not in self.bodies:
            raise fetch.FetchError("Nobody is there: 10.0.0.7 refused.")
        return Fetched(self.bodies[url], "application/json")


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    """A web of one's own."""
    made = Web()
    monkeypatch.setattr(fetch, "get", made.get)
    return made
