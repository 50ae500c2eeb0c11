"""What the server stands on goes away: 503 with Retry-After and no half-issued grant, then everything works again (K-02, K-03, K-08)."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx2
import pytest

from tests.races.storm import Answer, Client, ask, request, storm
from tests.support import services
from tests.support.crash import Crashable
from tests.support.server import House, house

pytestmark = pytest.mark.storm

FORMS = {"Host": "127.0.0.1", "Content-Type": "application/x-www-form-urlencoded"}


def is_an_outage(answer: Answer) -> bool:
    """503, come back later, in OAuth's words (RFC 6749 §5.2 by way of §4.1.2.1, RFC 9110 §15.6.4)."""
    return (
        answer.status == 503 and answer.error == "temporarily_unavailable" and answer.headers["retry-after"].isdecimal()
    )


@pytest.fixture(scope="module")
def sqlite_house() -> Iterator[House]:
    """A house on SQLite of its own: these tests lock it."""
    with house() as home:
        yield home


@contextmanager
def locked(home: House) -> Iterator[None]:
    """Somebody else holds the whole database."""
    with closing(sqlite3.connect(home.folder / "gatehouse.sqlite3", timeout=10, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")


def a_client(home: House) -> Client:
    made = home.seeder("client")
    return Client(made["client_id"], made["client_secret"])


def redemptions(home: House, client: Client, n: int) -> list[bytes]:
    return [
        client.form(
            "/oauth/token", grant_type="authorization_code", code=one["code"], code_verifier=one["code_verifier"]
        )
        for one in home.seeder("codes", client_id=client.client_id, n=n)
    ]


def test_a_database_that_is_locked_for_three_seconds_delays_and_fails_nobody(sqlite_house: House) -> None:
    """busy_timeout outlasts it (K-08)."""
    client = a_client(sqlite_house)
    asked = redemptions(sqlite_house, client, 8)
    with sqlite_house.server() as server:
        holding = threading.Event()

        def hold() -> None:
            with locked(sqlite_house):
                holding.set()
                time.sleep(3)

        thread = threading.Thread(target=hold)
        thread.start()
        holding.wait()
        answers = storm(server.port, asked)
        thread.join()
    assert [answer.status for answer in answers] == [200] * 8


def test_a_database_that_stays_locked_is_an_outage_and_costs_no_code(sqlite_house: House) -> None:
    """Design rule 9: 503 with Retry-After; what was asked for meanwhile can be asked for again (K-08)."""
    client = a_client(sqlite_house)
    asked = redemptions(sqlite_house, client, 4)
    with sqlite_house.server() as server:
        with locked(sqlite_house):
            answers = storm(server.port, asked)
            keys = ask(server.port, request("GET", "/oauth/jwks", {"Host": "127.0.0.1"}))
        assert all(map(is_an_outage, answers)), answers
        assert keys.status == 200
        assert [answer.status for answer in storm(server.port, asked)] == [200] * 4


@pytest.mark.postgresql
def test_a_postgresql_that_is_away_is_an_outage_and_its_return_needs_no_restart() -> None:
    """Design rule 9: 503 with Retry-After, the keys still served, nothing spent; two seconds after it is back, all is well (K-02)."""
    with (
        services.postgresql() as url,
        house(url) as home,
        # One process: a second may come up after the first has answered, and has no keys yet when the database goes.
        home.server(workers=1) as server,
        closing(Crashable(url, "postgres")) as database,
    ):
        client = a_client(home)
        asked = redemptions(home, client, 4)
        token = home.seeder("tokens", client_id=client.client_id)[0]["access_token"]
        live = client.form("/oauth/introspect", token=token)
        sign_in = request("GET", "/account/login/", {"Host": "127.0.0.1"})
        keys = request("GET", "/oauth/jwks", {"Host": "127.0.0.1"})
        # The process has served its keys once, and each of its threads has a connection that will be dead.
        assert {answer.status for answer in storm(server.port, [live, keys] * 30)} == {200}
        database.crash()
        answers = storm(server.port, asked)
        assert all(map(is_an_outage, answers)), answers
        assert {answer.status for answer in storm(server.port, [keys] * 10)} == {200}
        assert ask(server.port, request("GET", "/health/ready", {"Host": "127.0.0.1"})).status == 503
        page = ask(server.port, request("GET", "/account/", {"Host": "127.0.0.1", "Cookie": "gatehouse_session=x"}))
        assert page.status in {302, 303, 503}
        assert ask(server.port, sign_in).status in {200, 503}
        database.start()
        time.sleep(2)
        # None of the threads may find out at a client's expense that its connection is dead.
        assert {answer.status for answer in storm(server.port, [live] * 60)} == {200}
        assert [answer.status for answer in storm(server.port, asked)] == [200] * 4
        assert ask(server.port, sign_in).status == 200


def test_a_cache_and_a_broker_that_are_away_stop_neither_tokens_nor_sign_in() -> None:
    """Redis is a cache and a limiter, never the only holder of a truth (design rule 8, K-03, K-04)."""
    nobody = services.free_port()
    away = {
        "CACHE_URL": f"redis://127.0.0.1:{nobody}/0",
        "BROKER_URL": f"redis://127.0.0.1:{nobody}/1",
        "THROTTLES": "on",
    }
    with house(**away) as home, home.server() as server:
        client = a_client(home)
        redeemed = ask(server.port, redemptions(home, client, 1)[0])
        assert redeemed.status == 200
        refreshed = ask(
            server.port,
            client.form("/oauth/token", grant_type="refresh_token", refresh_token=redeemed.json()["refresh_token"]),
        )
        assert refreshed.status == 200
        person = home.seeder("person", password="correct horse battery")
        assert signed_in(server.port, person["username"], "correct horse battery")
        assert not signed_in(server.port, person["username"], "wrong")


def signed_in(port: int, name: str, password: str) -> bool:
    """Whether the sign-in form lets somebody in."""
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        form = browser.get("/account/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token
        members = {"login": name, "password": password, "csrfmiddlewaretoken": token[1]}
        answer = browser.post("/account/login/", data=members, headers={"Origin": f"http://127.0.0.1:{port}"})
        assert answer.status_code < 500, answer.text
        return answer.is_redirect
