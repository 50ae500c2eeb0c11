"""Scorecard R-10: statements a request, in the steady state (transaction control not counted)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.models import User
from oauth_server.models import AuthorizationCode
from tests.support.front_channel import Browser, location
from tests.support.parties import Code, Http, Party
from tests.support.people import LOGIN

pytestmark = pytest.mark.django_db

TRANSACTION = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


class Statements:
    """Counts what reaches the database."""

    def __init__(self) -> None:
        self.captured = CaptureQueriesContext(connection)

    def __enter__(self) -> Statements:
        self.captured.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self.captured.__exit__(*details)

    @property
    def all(self) -> list[str]:
        ours = [q["sql"] for q in self.captured.captured_queries if not q["sql"].startswith(TRANSACTION)]
        # One more when the second in which the versions of clients and keys were looked at is over.
        return [sql for sql in ours if "stateversion" not in sql]


@pytest.fixture
def warm(app: Party, service: Party, redeem: Callable[..., dict[str, Any]]) -> None:
    """Clients and keys are in the caches, as they are after the first requests."""
    app.introspect(redeem(app)["access_token"])
    service.post("/oauth/token", grant_type="client_credentials")


def test_client_credentials_cost_no_statement(service: Party, warm: None) -> None:
    with Statements() as statements:
        assert service.post("/oauth/token", grant_type="client_credentials").status_code == 200
    assert statements.all == []


def test_an_opaque_token_costs_one(make_client: Callable[..., Party], warm: None) -> None:
    party = make_client(grant_types=["client_credentials"], scope="api", access_token_format="opaque")
    party.post("/oauth/token", grant_type="client_credentials")
    with Statements() as statements:
        party.post("/oauth/token", grant_type="client_credentials")
    assert len(statements.all) == 1, statements.all


def budget(rows: int) -> int:
    """A look, and what spends and writes: one statement on PostgreSQL, one more for every row on SQLite."""
    return 2 if connection.vendor == "postgresql" else 2 + rows


@pytest.mark.parametrize(("access_token_format", "rows"), [("jwt", 2), ("opaque", 3)])
def test_a_code_exchange_costs_two(
    make_client: Callable[..., Party], make_code: Callable[..., Code], warm: None, access_token_format: str, rows: int
) -> None:
    party = make_client(access_token_format=access_token_format)
    code = make_code(party)
    party.registered  # noqa: B018  # the client is in the cache
    with Statements() as statements:
        answer = party.post("/oauth/token", grant_type="authorization_code", code=code.value,
                            code_verifier=code.verifier, redirect_uri=code.redirect_uri)  # fmt: skip
    assert answer.status_code == 200
    assert len(statements.all) == budget(rows), statements.all


@pytest.mark.parametrize(("access_token_format", "rows"), [("jwt", 1), ("opaque", 2)])
def test_a_refresh_costs_two(
    make_client: Callable[..., Party],
    redeem: Callable[..., dict[str, Any]],
    warm: None,
    access_token_format: str,
    rows: int,
) -> None:
    party = make_client(access_token_format=access_token_format)
    token = redeem(party)["refresh_token"]
    with Statements() as statements:
        assert party.post("/oauth/token", grant_type="refresh_token", refresh_token=token).status_code == 200
    assert len(statements.all) == budget(rows), statements.all


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_introspection_and_userinfo_cost_one(
    make_client: Callable[..., Party], redeem: Callable[..., dict[str, Any]], warm: None, access_token_format: str
) -> None:
    party = make_client(access_token_format=access_token_format)
    tokens = redeem(party)
    party.introspect(tokens["access_token"])
    for kind in ("access_token", "refresh_token"):
        with Statements() as statements:
            assert party.introspect(tokens[kind])["active"] is True
        assert len(statements.all) == 1, statements.all
    with Statements() as statements:
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert party.http.get("/oauth/userinfo", headers=header).status_code == 200
    assert len(statements.all) == 1, statements.all


def test_an_authorization_that_asks_nothing_costs_four(app: Party, browser: Browser, person: User, warm: None) -> None:
    """The browser's session, the sign-in with its person, the consent; and what saves the code and notes who took part."""
    assert "code=" in location(browser.walk(browser.authorize(app), person))
    with Statements() as statements:
        assert "code=" in location(browser.authorize(app))
    assert len(statements.all) == (4 if connection.vendor == "postgresql" else 5), statements.all
    assert AuthorizationCode.objects.filter(used_at=None).count() == 2


def test_jwks_and_discovery_cost_none(warm: None) -> None:
    http = Http()
    http.get("/.well-known/openid-configuration")
    with Statements() as statements:
        http.get("/oauth/jwks")
        http.get("/.well-known/openid-configuration")
    assert statements.all == []


def test_the_sign_in_page_costs_one(app: Party, browser: Browser, warm: None) -> None:
    """Which providers are offered. For an application it is one more: the request that waits."""
    browser.get(LOGIN)
    with Statements() as statements:
        assert browser.get(LOGIN).status_code == 200
    assert len(statements.all) == 1, statements.all
    page = location(browser.authorize(app))
    with Statements() as statements:
        assert browser.get(page).status_code == 200
    assert len(statements.all) == 2, statements.all


def test_the_consent_page_costs_four(app: Party, browser: Browser, person: User, warm: None) -> None:
    """The browser's session, the sign-in with its person, the request that waits, what was allowed before."""
    browser.sign_in(person)
    page = location(browser.authorize(app))
    assert page.startswith("/oauth/consent/")
    with Statements() as statements:
        assert browser.get(page).status_code == 200
    assert len(statements.all) == 4, statements.all
