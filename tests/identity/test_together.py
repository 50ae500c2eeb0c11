"""Threads ask the database together, and each hears what it would have heard alone (``identity/models/together.py``)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.test import Client
from django.utils import timezone

from identity.models.together import Together
from oauth_server.models import AccessToken, AuthorizationCode, RefreshToken, RevokedToken, TokenFamily, standing
from oauth_server.models.dead_connections import look_after_connections
from oauth_server.tokens.find import find
from tests.support.parties import Party

PATIENCE = 20


class Asked:
    """A database that answers when it is told to."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.fails = False
        self.goes_on = threading.Event()
        self._came = threading.Condition()

    def __call__(self, keys: Sequence[str]) -> list[str]:
        with self._came:
            self.calls.append(list(keys))
            self._came.notify_all()
        if "first" in keys:
            assert self.goes_on.wait(PATIENCE)
        if self.fails:
            raise OperationalError("gone")
        return [f"answer to {key}" for key in keys]

    def wait_for(self, calls: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: len(self.calls) >= calls, PATIENCE)


@pytest.fixture
def no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody goes ahead of a statement that is on its way, however slow this machine is."""
    monkeypatch.setattr("identity.models.together.PATIENCE_SECONDS", float(PATIENCE))


@contextmanager
def one_on_its_way(gathered: str, most: int = 8) -> Iterator[tuple[Asked, list[Future[str]], Together[str, str]]]:
    """A statement is on its way, and questions have gathered behind it."""
    asked = Asked()
    together: Together[str, str] = Together(asked, most)
    with ThreadPoolExecutor(20) as threads:
        futures = [threads.submit(together.one, "first")]
        asked.wait_for(1)
        for at, key in enumerate(gathered, 1):
            futures.append(threads.submit(together.one, key))
            while len(together._waiting) < at:
                pass
        try:
            yield asked, futures, together
        finally:
            asked.goes_on.set()


def test_a_lone_question_is_asked_at_once_and_alone() -> None:
    asked = Asked()
    together: Together[str, str] = Together(asked, 8)
    assert [together.one(key) for key in "abc"] == ["answer to a", "answer to b", "answer to c"]
    assert asked.calls == [["a"], ["b"], ["c"]]


def test_what_gathers_meanwhile_is_asked_in_one_statement(no_haste: None) -> None:
    with one_on_its_way("abcde") as (asked, futures, _):
        # None of them has joined the statement that had been sent: it might not have seen what was committed since.
        assert asked.calls == [["first"]]
        asked.goes_on.set()
        assert [future.result(PATIENCE) for future in futures[1:]] == [f"answer to {key}" for key in "abcde"]
    assert asked.calls == [["first"], list("abcde")]


def test_a_statement_takes_no_more_than_it_can_hold(no_haste: None) -> None:
    with one_on_its_way("abcdefgh", most=3) as (asked, futures, _):
        asked.goes_on.set()
        assert [future.result(PATIENCE) for future in futures[1:]] == [f"answer to {key}" for key in "abcdefgh"]
    assert asked.calls == [["first"], list("abc"), list("def"), list("gh")]


def test_an_error_reaches_everybody_who_was_asked_for_and_nobody_else(no_haste: None) -> None:
    with one_on_its_way("abc") as (asked, futures, together):
        asked.fails = True
        asked.goes_on.set()
        errors = [future.exception(PATIENCE) for future in futures]
        assert [(type(error), str(error)) for error in errors] == [(OperationalError, "gone")] * 4
        assert len({id(error) for error in errors}) == 4
        asked.fails = False
        assert together.one("later") == "answer to later"
    assert asked.calls == [["first"], list("abc"), ["later"]]


def test_an_answer_that_fits_no_question_leaves_nobody_waiting() -> None:
    together: Together[str, str] = Together(lambda _: [], 8)
    for _ in range(2):
        with pytest.raises(ValueError, match="shorter"):
            together.one("a")


def test_behind_a_statement_that_does_not_come_back_the_next_ones_go_ahead() -> None:
    """The connection of the first is stuck; only who was asked for with it hears of that."""
    with one_on_its_way("") as (_, (first,), together):
        assert [together.one(key) for key in "ab"] == ["answer to a", "answer to b"]
        assert not first.done()
    assert first.result(PATIENCE) == "answer to first"
    assert together._on_their_way == 0
    assert together.one("c") == "answer to c"


def in_threads(work: Callable[[Any], Any], these: Sequence[Any], threads: int = 8) -> list[Any]:
    """Do it with connections of their own, which are closed afterwards."""
    start = threading.Barrier(threads)

    def chain(some: Sequence[Any]) -> list[Any]:
        start.wait(PATIENCE)
        try:
            return [work(one) for one in some]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        chains = pool.map(chain, [these[at::threads] for at in range(threads)])
        return [answer for chain in chains for answer in chain]


@contextmanager
def statements_counted() -> Iterator[list[int]]:
    """How many keys each look-up of several had."""
    from identity.models import prepared  # noqa: PLC0415  # the class is private, and only watched

    seen: list[int] = []
    rows = prepared._Several.rows

    def counted(self: Any, keys: Sequence[Any], on: Any) -> list[Any]:
        seen.append(len(keys))
        return rows(self, keys, on)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepared._Several, "rows", counted)
        yield seen


@pytest.fixture
def grants(
    transactional_db: None, redeem: Callable[..., dict[str, Any]], make_client: Callable[..., Party]
) -> list[str]:
    """Access tokens of many grants, opaque and not, on PostgreSQL."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is asked by each thread alone: there is no way to another process to share.")
    parties = make_client(), make_client(access_token_format="opaque")
    return [redeem(parties[number % 2])["access_token"] for number in range(48)]


def test_each_hears_of_its_own_token_and_an_unknown_one_is_unknown(grants: list[str]) -> None:
    now = timezone.now()
    unknown = grants[1][:-7] + "A" * 7, "gth_at_nothing"
    alone = {token: find(token, now) for token in (*grants, *unknown)}
    with statements_counted() as several:
        found = in_threads(lambda token: (token, find(token, now)), [*grants, *unknown] * 12)
    assert len(found) == 12 * len(alone)
    assert all(alone[token] == answer for token, answer in found)
    assert [alone[token] for token in unknown] == [None, None]
    assert sum(several) > len(several) > 0


def test_a_statement_for_several_is_planned_once_however_many_it_is_for(grants: list[str]) -> None:
    """To plan it takes PostgreSQL several times as long as to answer it. It stops planning after five times, unless that seems to pay."""
    families = list(TokenFamily.objects.values_list("pk", flat=True))
    standing.of_family(families[0])
    several = standing._FAMILY[False]._asked["default"]._several
    assert several is not None
    for number in range(40):
        keys = families[: number % 8 + 1]
        assert [row[0] for row in several.rows(keys, connections["default"])] == keys
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT asked.place%'"
        )
        ((custom, generic),) = cursor.fetchall()
    assert custom == 5
    assert generic > 30


def test_what_was_revoked_before_a_look_up_began_is_never_seen_alive(grants: list[str]) -> None:
    """While other threads ask all the time, and statements that began before the revocation are on their way."""
    families = list(TokenFamily.objects.values_list("pk", flat=True)) * 2

    def end_and_look(family: Any) -> bool:
        TokenFamily.objects.filter(pk=family).update(revoked_at=timezone.now())
        ended = standing.of_family(family)
        TokenFamily.objects.filter(pk=family).update(revoked_at=None)
        again = standing.of_family(family)
        assert ended is not None
        assert again is not None
        return ended.is_revoked and not again.is_revoked

    # A family is always the same thread's.
    assert len(families) % 8 == 0
    with statements_counted() as several:
        assert all(in_threads(end_and_look, families))
    assert several


def test_within_a_transaction_a_thread_asks_alone(grants: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With others it would miss what it wrote itself, or show them what is not committed."""

    def together(*_: Any) -> None:
        raise AssertionError("asked with others")

    monkeypatch.setattr(Together, "one", together)
    family = TokenFamily.objects.values_list("pk", flat=True)[0]
    with transaction.atomic():
        TokenFamily.objects.filter(pk=family).update(revoked_at=timezone.now())
        found = standing.of_family(family)
    assert found is not None
    assert found.is_revoked
    with pytest.raises(AssertionError):
        standing.of_family(family)


def test_a_connection_that_breaks_fails_those_who_were_asked_for_and_no_later_ones(grants: list[str]) -> None:
    families = list(TokenFamily.objects.values_list("pk", flat=True))

    def look(number: int) -> bool:
        """One thread of eight has its connection ended under it again and again."""
        look_after_connections()
        if number % 8 == 0:
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        try:
            return standing.of_family(families[number % len(families)]) is not None
        except DatabaseError:
            return False

    answers = in_threads(look, range(160))
    # The thread's own look-ups fail, and each takes at most those along that were asked with it.
    assert answers.count(False) <= 20 * 8
    assert answers.count(True) >= 1
    assert all(in_threads(lambda family: standing.of_family(family) is not None, families))


def test_a_look_up_says_the_same_within_a_transaction_and_without(grants: list[str]) -> None:
    """Without one it goes by libpq, and every kind of value has to be known there (``identity/models/direct.py``)."""
    family = TokenFamily.objects.select_related("user")[0]
    digests = [*AccessToken.objects.values_list("digest", flat=True)[:1], b"\0" * 31 + b"x"]
    looks: list[Callable[[], Any]] = [
        lambda: [standing.of_family(family.pk, person=person) for person in (False, True)],
        lambda: [standing.of_access_token(bytes(digest), person=True) for digest in digests],
        lambda: [standing.of_access_token(bytes(digest)) for digest in digests],
        lambda: [
            standing.of_refresh_token(bytes(one)) for one in RefreshToken.objects.values_list("digest", flat=True)
        ],
        lambda: [standing.of_code(bytes(one)) for one in AuthorizationCode.objects.values_list("digest", flat=True)],
        lambda: standing.person(family.user.pk),
        lambda: RevokedToken.objects.has("unknown"),
    ]
    for look in looks:
        with transaction.atomic():
            within = look()
        assert look() == within


def test_userinfo_answers_outside_of_a_transaction(grants: list[str]) -> None:
    answer = Client().get("/oauth/userinfo", headers={"authorization": f"Bearer {grants[0]}"})
    assert answer.status_code == 200, answer.content
