"""The outbox (design rule 7): written with the fact, delivered at least once, given up some time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import kombu
import pytest
from django.db import transaction
from django.test import override_settings
from django.utils.module_loading import import_string

from oauth_server import celery
from oauth_server.models import AuditEvent, OutboxMessage
from oauth_server.models.clean_up import RULES, delete_batch
from oauth_server.outbox import deliver as delivery
from oauth_server.outbox import nudge, tasks, topics
from oauth_server.outbox.backoff import pause
from oauth_server.outbox.put import put
from oauth_server.outbox.topics import TOPICS, DeliveryError, Effect, Letter
from oauth_server.outbox.watch import Standing
from oauth_server.settings.features import Limits

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class World:
    """What the effects of the topic ``test`` come to."""

    def __init__(self) -> None:
        self.came: list[Letter] = []
        self.failure: Exception | None = None
        self.cannot_prepare: Exception | None = None
        self.nothing_left = False

    def prepare(self, letter: Letter, now: datetime) -> Effect | None:
        if self.cannot_prepare:
            raise self.cannot_prepare
        return None if self.nothing_left else lambda: self._happen(letter)

    def _happen(self, letter: Letter) -> None:
        self.came.append(letter)
        if self.failure:
            raise self.failure


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()
    monkeypatch.setattr(topics, "TOPICS", {"test": "test"})
    monkeypatch.setattr(topics, "import_string", lambda _: found.prepare)
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


def only() -> OutboxMessage:
    return OutboxMessage.objects.get()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_its_handler(topic: str) -> None:
    assert callable(import_string(TOPICS[topic]))


@pytest.mark.django_db
class TestPutting:
    """A row written in the transaction of the fact."""

    def test_it_is_undone_with_the_fact(self, world: World) -> None:
        with transaction.atomic():
            put("test", [{"n": 1}], NOW)
            transaction.set_rollback(True)
        assert not OutboxMessage.objects.exists()

    def test_the_worker_hears_of_it_after_the_commit_and_once(
        self, world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        heard: list[bool] = []
        monkeypatch.setattr(nudge, "soon", lambda: heard.append(True))
        with django_capture_on_commit_callbacks(execute=True):
            assert put("test", [{"n": 1}, {"n": 2}], NOW) == 2
            assert heard == []
        assert heard == [True]

    def test_nothing_to_put_says_nothing(self, world: World, django_capture_on_commit_callbacks: Any) -> None:
        with django_capture_on_commit_callbacks() as callbacks:
            assert put("test", [], NOW) == 0
        assert callbacks == []


@pytest.mark.django_db
class TestDelivering:
    """Claim, bring about, note."""

    def test_what_is_due_comes_once_with_its_key(self, world: World, clock: Clock) -> None:
        put("test", [{"n": n, "client_id": "app"} for n in range(10)], NOW)
        assert delivery.deliver_due(clock) == 10
        assert delivery.deliver_due(clock) == 0
        assert sorted(letter.payload["n"] for letter in world.came) == list(range(10))
        assert {letter.key for letter in world.came} == set(OutboxMessage.objects.values_list("key", flat=True))
        assert set(OutboxMessage.objects.values_list("done_at", flat=True)) == {NOW}
        facts = AuditEvent.objects.filter(name="outbox:message:delivered", client_id="app").values_list(
            "facts", flat=True
        )
        assert list(facts) == [{"topic": "test", "attempts": 1}] * 10

    def test_an_effect_that_is_not_wanted_any_more_is_done(self, world: World, clock: Clock) -> None:
        world.nothing_left = True
        put("test", [{}], NOW)
        delivery.deliver_due(clock)
        assert only().done_at == NOW

    def test_a_failure_waits_and_comes_again_under_the_same_key(self, world: World, clock: Clock) -> None:
        world.failure = DeliveryError("The answer is 500.")
        put("test", [{}], NOW)
        delivery.deliver_due(clock)
        row = only()
        assert row.last_error == "The answer is 500."
        assert timedelta(seconds=2.5) <= row.due - NOW <= timedelta(seconds=5)
        assert delivery.deliver_due(clock) == 0
        world.failure = None
        clock.now = row.due
        assert delivery.deliver_due(clock) == 1
        assert world.came[0].key == world.came[1].key
        assert only().last_error == ""

    def test_one_that_fails_holds_up_nobody(self, world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        put("test", [{"n": n} for n in range(9)], NOW)
        good = world.prepare

        def prepare(letter: Letter, now: datetime) -> Effect | None:
            if letter.payload["n"] % 3 == 0:
                raise RuntimeError
            return good(letter, now)

        monkeypatch.setattr(topics, "import_string", lambda _: prepare)
        delivery.deliver_due(clock)
        assert sorted(letter.payload["n"] for letter in world.came) == [1, 2, 4, 5, 7, 8]
        assert OutboxMessage.objects.filter(done_at=None).count() == 3

    @pytest.mark.parametrize("where", ["failure", "cannot_prepare"])
    def test_what_a_surprise_says_is_not_kept(self, world: World, clock: Clock, where: str) -> None:
        """Design rule 10: it might quote a secret."""
        setattr(world, where, RuntimeError("password=hunter2"))
        put("test", [{}], NOW)
        delivery.deliver_due(clock)
        assert only().last_error == "It failed: RuntimeError."

    def test_a_topic_that_nobody_knows_waits(self, world: World, clock: Clock) -> None:
        """A newer version of the server may have written it."""
        put("of the future", [{}], NOW)
        delivery.deliver_due(clock)
        assert only().last_error == "No handler is known for this topic."
        assert only().done_at is None

    @override_settings(LIMITS=Limits(outbox_attempts=3))
    def test_after_the_last_try_it_is_given_up_and_said_so(self, world: World, clock: Clock) -> None:
        world.failure = DeliveryError("No address of the host answers.")
        put("test", [{"client_id": "app"}], NOW)
        for _ in range(5):
            delivery.deliver_due(clock)
            clock.now += timedelta(hours=1)
        assert len(world.came) == 3
        assert only().abandoned_at is not None
        fact = AuditEvent.objects.get(name="outbox:message:abandoned")
        assert (fact.result, fact.client_id) == ("failure", "app")
        assert fact.facts["attempts"] == 3
        assert fact.facts["detail"] == "No address of the host answers."


@pytest.mark.django_db
class TestClaims:
    """Between a claim and its note a worker may die, or be slow."""

    def claim(self, clock: Clock) -> list[OutboxMessage]:
        return OutboxMessage.objects.claim(clock(), clock() + delivery.CLAIM, 10)

    def test_nobody_else_gets_what_is_claimed(self, world: World, clock: Clock) -> None:
        put("test", [{}], NOW)
        assert len(self.claim(clock)) == 1
        assert self.claim(clock) == []
        assert delivery.deliver_due(clock) == 0

    def test_a_claim_takes_no_more_than_it_asked_for_the_longest_due_first(self, world: World, clock: Clock) -> None:
        for n in (3, 1, 2):
            put("test", [{"n": n}], NOW - timedelta(minutes=10 - n))
        assert [row.payload["n"] for row in OutboxMessage.objects.claim(NOW, NOW + delivery.CLAIM, 2)] == [1, 2]

    def test_a_worker_that_died_after_the_effect_leaves_it_to_another(self, world: World, clock: Clock) -> None:
        """At least once: delivered again, under the same key, when the claim has run out."""
        put("test", [{}], NOW)
        dead = self.claim(clock)[0]
        clock.now += delivery.CLAIM
        assert delivery.deliver_due(clock) == 1
        assert world.came[0].key == dead.key
        assert only().attempts == 2

    def test_who_comes_late_with_bad_news_changes_nothing(self, world: World, clock: Clock) -> None:
        put("test", [{}], NOW)
        slow = self.claim(clock)[0]
        clock.now += delivery.CLAIM
        second = self.claim(clock)[0]
        OutboxMessage.objects.postpone(slow, clock() + timedelta(hours=1), "late")
        assert not OutboxMessage.objects.abandon(slow, clock(), "late")
        assert only().due == NOW
        assert only().claimed_until == second.claimed_until

    def test_who_comes_late_with_good_news_has_done_it(self, world: World, clock: Clock) -> None:
        put("test", [{}], NOW)
        slow = self.claim(clock)[0]
        clock.now += delivery.CLAIM
        self.claim(clock)
        assert OutboxMessage.objects.done(slow.pk, clock())
        assert not OutboxMessage.objects.done(slow.pk, clock())

    @override_settings(LIMITS=Limits(outbox_attempts=3))
    def test_a_row_that_kills_whoever_takes_it_is_given_up(self, world: World, clock: Clock) -> None:
        put("test", [{}], NOW)
        for _ in range(3):
            self.claim(clock)
            clock.now += delivery.CLAIM
        delivery.deliver_due(clock)
        assert world.came == []
        assert only().abandoned_at is not None


def test_pauses_grow_to_an_hour_and_scatter() -> None:
    assert [pause(n, 0).total_seconds() for n in (1, 2, 3, 10, 11, 12, 10_000)] == [
        5,
        10,
        20,
        2_560,
        3_600,
        3_600,
        3_600,
    ]
    assert pause(3, 1).total_seconds() == 10
    total = sum((pause(n, 0) for n in range(1, 16)), timedelta())
    assert timedelta(hours=6) < total < timedelta(hours=7)


class TestNudging:
    """Whoever writes does not wait for the broker."""

    def test_a_broker_that_is_away_costs_nobody_anything(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever waited for it would wait here for ever."""
        given_up = threading.Event()

        def away(**_: Any) -> None:
            given_up.wait()
            raise kombu.exceptions.OperationalError

        monkeypatch.setattr(tasks.deliver, "apply_async", away)
        for _ in range(100):
            nudge.soon()
        given_up.set()
        self.wait()

    def test_many_at_once_are_few_messages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[Any] = []
        all_asked = threading.Event()

        def slow(**options: Any) -> None:
            sent.append(options)
            all_asked.wait()

        monkeypatch.setattr(tasks.deliver, "apply_async", slow)
        for _ in range(100):
            nudge.soon()
        all_asked.set()
        self.wait()
        assert 1 <= len(sent) <= 2
        assert sent[0]["expires"]

    def wait(self) -> None:
        for thread in threading.enumerate():
            if thread.name == "outbox-nudge":
                thread.join()
        assert not nudge._sending


def test_beat_sweeps_and_an_errand_of_yesterday_is_none() -> None:
    entry = celery.app.conf.beat_schedule["oauth_server.outbox.tasks.deliver"]
    assert entry["schedule"] == timedelta(seconds=10)
    assert entry["options"]["expires"] == 10
    assert tasks.deliver.acks_late


@pytest.mark.django_db
def test_operators_see_how_it_stands(world: World, clock: Clock) -> None:
    put("test", [{}], NOW)
    world.failure = DeliveryError("no")
    delivery.deliver_due(clock)
    put("test", [{}, {}], NOW)
    OutboxMessage.objects.filter(last_error="").first().delete()  # type: ignore[union-attr]
    messages, oldest = Standing(NOW + timedelta(seconds=90)).collect()
    values = {(sample.labels["topic"], sample.labels["state"]): sample.value for sample in messages.samples}
    assert values == {("test", "waiting"): 2, ("test", "retrying"): 1, ("test", "abandoned"): 0}
    assert [sample.value for sample in oldest.samples] == [90]


@pytest.mark.django_db
def test_clean_up_keeps_what_waits() -> None:
    long_ago = NOW - timedelta(days=60)
    put("waits", [{}], long_ago)
    put("done", [{}], long_ago)
    put("abandoned", [{}], long_ago)
    OutboxMessage.objects.filter(topic="done").update(done_at=NOW - timedelta(days=8))
    OutboxMessage.objects.filter(topic="abandoned").update(abandoned_at=NOW - timedelta(days=31))
    swept = {rule.name: delete_batch(rule, NOW, 10)[0] for rule in RULES if rule.model is OutboxMessage}
    assert swept == {"outbox": 1, "abandoned_outbox": 1}
    assert only().topic == "waits"


def test_the_embedded_broker_shows_a_message_whole_or_not_at_all(tmp_path: Path) -> None:
    """A worker that read half of one would end, and the server with it."""
    options = celery.broker("")
    folders = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), str(tmp_path))
    halves: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            halves.extend(path.name for path in tmp_path.glob("*.msg") if not is_json(path.read_text))

    reader = threading.Thread(target=read)
    reader.start()
    with kombu.Connection(
        options["broker_url"], transport=options["broker_transport"], transport_options=folders
    ) as connection:
        queue = connection.SimpleQueue("letters")
        for n in range(300):
            queue.put({"n": n, "padding": "x" * 20_000})
        stop.set()
        reader.join()
        assert {queue.get(timeout=30).payload["n"] for _ in range(300)} == set(range(300))
        queue.close()
    assert halves == []
    assert not list(tmp_path.glob("*.writing"))


def is_json(read: Callable[[], str]) -> bool:
    try:
        json.loads(read())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True
