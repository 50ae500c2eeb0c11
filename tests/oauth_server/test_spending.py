"""What threads spend while others are at it shares a statement, and each hears what became of its own (scorecard R-01, R-04)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from identity.models import together
from identity.models.together import Together
from oauth_server.keys import secrets
from oauth_server.models import RefreshToken, spending
from oauth_server.models.spending import NewRow
from tests.support.parties import Party, new_family

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

PATIENCE = 20.0


def wait_until(it_is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not it_is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


class Crowd:
    """Threads that spend refresh tokens, each with a successor to write."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[bool | Exception]] = {}
        self.statements: list[str] = []
        self.waiting: list[Together[Any, Any]] = []
        self._threads: list[threading.Thread] = []

    def gathered(self) -> int:
        return sum(len(each._waiting) for each in self.waiting)

    def spend(self, token: RefreshToken, name: str, **changes: Any) -> None:
        def run() -> None:
            try:
                with connection.execute_wrapper(self._note):
                    outcome: bool | Exception = RefreshToken.objects.rotate(
                        bytes(token.digest), timezone.now(), [successor(token, name, **changes)]
                    )
            except IntegrityError as error:
                outcome = error
            finally:
                connection.close()
            self.outcomes.setdefault(name, []).append(outcome)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def _note(self, execute: Callable[..., Any], sql: str, *details: Any) -> Any:
        self.statements.append(sql)
        return execute(sql, *details)

    def gone(self) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)


def successor(token: RefreshToken, name: str, **changes: Any) -> NewRow:
    now = timezone.now()
    values = {
        "digest": secrets.digest(f"after {name}"),
        "family_id": token.family_id,
        "application_id": token.application_id,
        "generation": token.generation + 1,
        "ip_address": None,
        "created": now,
        "expires": now + timedelta(days=1),
    }
    return NewRow(RefreshToken, values | changes)


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory knows no second connection")
    crowd = Crowd()

    class Known(Together[Any, Any]):
        def __init__(self, *details: Any) -> None:
            super().__init__(*details)
            crowd.waiting.append(self)

    monkeypatch.setattr(spending, "Together", Known)
    monkeypatch.setattr(together, "PATIENCE_SECONDS", PATIENCE)
    spending._threads.cache_clear()
    yield crowd
    spending._threads.cache_clear()


@pytest.fixture
def tokens(crowd: Crowd, app: Party, redeem: Callable[..., dict[str, Any]]) -> list[RefreshToken]:
    digests = [secrets.digest(redeem(app)["refresh_token"]) for _ in range(6)]
    return [RefreshToken.objects.get(digest=digest) for digest in digests]


def test_whoever_comes_meanwhile_shares_one_statement_and_each_hears_of_its_own(
    crowd: Crowd, tokens: list[RefreshToken]
) -> None:
    """A token that two of them show is spent once; what the database refuses keeps nobody else from theirs."""
    one, two, three, four, five, six = tokens
    RefreshToken.objects.filter(pk=six.pk).update(used_at=timezone.now())
    with transaction.atomic():
        # One statement is on its way and waits for this row; whoever comes now waits for the statement.
        list(RefreshToken.objects.select_for_update().filter(pk=one.pk))
        crowd.spend(one, "one")
        wait_until(lambda: len(crowd.statements) == 1)
        crowd.spend(two, "two")
        crowd.spend(three, "three")
        crowd.spend(three, "three")
        crowd.spend(four, "four", family_id=new_family())
        crowd.spend(five, "five")
        crowd.spend(six, "six")
        wait_until(lambda: crowd.gathered() == 6)
    crowd.gone()
    assert "changed_5" in crowd.statements[1]
    assert isinstance(crowd.outcomes.pop("four")[0], IntegrityError)
    assert sorted(crowd.outcomes.pop("three")) == [False, True]
    assert crowd.outcomes == {"one": [True], "two": [True], "five": [True], "six": [False]}
    assert {name for name in ("one", "two", "three", "four", "five", "six") if follows(name)} == {
        "one",
        "two",
        "three",
        "five",
    }
    assert RefreshToken.objects.get(pk=four.pk).used_at is None


def follows(name: str) -> bool:
    return RefreshToken.objects.filter(digest=secrets.digest(f"after {name}")).exists()


def test_two_clients_never_wait_for_each_other(
    crowd: Crowd, tokens: list[RefreshToken], make_client: Callable[..., Party], redeem: Callable[..., dict[str, Any]]
) -> None:
    """Whoever disables or deletes a client holds its row for as long as that takes."""
    other = RefreshToken.objects.get(digest=secrets.digest(redeem(make_client())["refresh_token"]))
    with transaction.atomic():
        list(RefreshToken.objects.select_for_update().filter(pk__in=[token.pk for token in tokens[:2]]))
        crowd.spend(tokens[0], "held")
        wait_until(lambda: len(crowd.statements) == 1)
        crowd.spend(tokens[1], "held")
        wait_until(lambda: crowd.gathered() == 1)
        crowd.spend(other, "other")
        wait_until(lambda: crowd.outcomes.get("other") == [True])
        assert "held" not in crowd.outcomes
    crowd.gone()


def waiting_for_locks() -> int:
    """How many connections to this database wait for somebody's row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_locks WHERE database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        (number,) = cursor.fetchone()
    return int(number)


class Eraser:
    """Somebody who locks two tokens, the second first, as whoever deletes a person may do."""

    def __init__(self, first: RefreshToken, second: RefreshToken) -> None:
        self.holds_second, self.may_lock_first = threading.Event(), threading.Event()
        self._tokens = first, second
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        first, second = self._tokens
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    # So it is the other one whom PostgreSQL undoes.
                    cursor.execute("SET LOCAL deadlock_timeout = '1min'; SET LOCAL lock_timeout = 0")
                list(RefreshToken.objects.select_for_update().filter(pk=second.pk))
                self.holds_second.set()
                self.may_lock_first.wait(PATIENCE)
                list(RefreshToken.objects.select_for_update().filter(pk=first.pk))
        finally:
            connection.close()


def test_a_deadlock_with_somebody_else_costs_nobody_of_those_who_share_a_statement(
    crowd: Crowd, tokens: list[RefreshToken]
) -> None:
    """PostgreSQL has undone their statement; the other one goes on, and so does each of them."""
    leader = tokens.pop()
    low, middle, high = sorted(tokens[:3], key=lambda token: bytes(token.digest))
    eraser = Eraser(low, high)
    assert eraser.holds_second.wait(PATIENCE)
    with transaction.atomic():
        list(RefreshToken.objects.select_for_update().filter(pk=middle.pk))
        they_gather = transaction.savepoint()
        list(RefreshToken.objects.select_for_update().filter(pk=leader.pk))
        crowd.spend(leader, "leader")
        wait_until(lambda: len(crowd.statements) == 1)
        for name, token in (("low", low), ("middle", middle), ("high", high)):
            crowd.spend(token, name)
        wait_until(lambda: crowd.gathered() == 3)
        transaction.savepoint_rollback(they_gather)
        wait_until(lambda: len(crowd.statements) == 2 and waiting_for_locks() == 1)
        eraser.may_lock_first.set()
        wait_until(lambda: waiting_for_locks() == 2)
    crowd.gone()
    eraser.thread.join(PATIENCE)
    assert "changed_2" in crowd.statements[1]
    assert len(crowd.statements) == 5, "each alone, after the deadlock"
    assert crowd.outcomes == {name: [True] for name in ("leader", "low", "middle", "high")}
