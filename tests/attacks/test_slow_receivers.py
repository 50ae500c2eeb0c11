"""Whoever registers a client chooses where its logout tokens go, and how slowly that answers: nobody else's mail waits for it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from oauth_server.models import OutboxMessage
from oauth_server.outbox import deliver, topics
from oauth_server.outbox.put import put
from oauth_server.outbox.topics import DeliveryError, Effect, Letter

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MANY = 40


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was brought about, in order; while the sixth logout token is prepared, somebody forgets their password."""
    order: list[str] = []

    def prepare(letter: Letter, now: datetime) -> Effect | None:
        if letter.payload.get("n") == 5:
            put("mail", [{"what": "late mail"}], now)
        return lambda: order.append(letter.payload["what"])

    monkeypatch.setattr(topics, "TOPICS", {"back_channel_logout": "", "mail": ""})
    monkeypatch.setattr(topics, "import_string", lambda _: prepare)
    return order


def test_mail_overtakes_whatever_logout_tokens_wait(came: list[str]) -> None:
    """Each round has places for mail, and a round lasts no longer than one fetch may."""
    put("back_channel_logout", [{"what": "token", "n": n} for n in range(MANY)], NOW - timedelta(hours=1))
    put("mail", [{"what": "early mail"}], NOW)
    assert deliver.deliver_due(lambda: NOW) == MANY + 2
    assert came.index("early mail") <= deliver.AT_ONCE
    assert came.index("late mail") <= 3 * deliver.AT_ONCE + 1


def test_mail_that_is_stuck_holds_up_no_logout_token(came: list[str]) -> None:
    put("mail", [{"what": "mail"}] * MANY, NOW - timedelta(hours=1))
    put("back_channel_logout", [{"what": "token", "n": 0}], NOW)
    deliver.deliver_due(lambda: NOW)
    assert came.index("token") <= deliver.AT_ONCE


def test_the_lanes_share_nothing() -> None:
    """Also a topic that only a newer version of the server knows is in one of them."""
    for topic in ("mail", "back_channel_logout", "of the future"):
        put(topic, [{}], NOW)
    swift = OutboxMessage.objects.claim(NOW, NOW + deliver.CLAIM, 10, topics.SWIFT, others=False)
    others = OutboxMessage.objects.claim(NOW, NOW + deliver.CLAIM, 10, topics.SWIFT)
    assert [row.topic for row in swift] == ["mail"]
    assert [row.topic for row in others] == ["back_channel_logout", "of the future"]


class TestAClientThatNeverAnswers:
    """After three failures of one row the others for that client rest too: they would take the places of everybody else."""

    @pytest.fixture
    def tried(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        order: list[str] = []

        def prepare(letter: Letter, now: datetime) -> Effect | None:
            def happen() -> None:
                order.append(letter.payload["client_id"])
                if letter.payload["client_id"] == "slow":
                    raise DeliveryError("No address of the host answers.")

            return happen

        monkeypatch.setattr(topics, "TOPICS", {"back_channel_logout": ""})
        monkeypatch.setattr(topics, "import_string", lambda _: prepare)
        return order

    def test_what_waits_for_it_rests_with_what_failed(self, tried: list[str]) -> None:
        put("back_channel_logout", [{"client_id": "slow"}], NOW - timedelta(hours=1))
        OutboxMessage.objects.update(attempts=2)
        put("back_channel_logout", [{"client_id": "slow"}] * MANY + [{"client_id": "quick"}], NOW)
        deliver.deliver_due(lambda: NOW)
        assert "quick" in tried
        assert tried.count("slow") <= deliver.AT_ONCE, "those of the same round, and no more"
        waiting = OutboxMessage.objects.filter(done_at=None, abandoned_at=None)
        assert waiting.count() == MANY + 1
        assert not waiting.filter(due__lte=NOW).exists()

    def test_two_failures_concern_their_own_row_alone(self, tried: list[str]) -> None:
        put("back_channel_logout", [{"client_id": "slow"}] * MANY, NOW)
        deliver.deliver_due(lambda: NOW)
        assert tried.count("slow") == MANY

    def test_a_failure_that_took_long_is_the_only_one_that_is_waited_for(
        self, tried: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A host that accepts and stays silent costs the others one deadline, not one for each of its tokens."""
        monkeypatch.setattr(deliver, "_SLOW_SECONDS", 0.0)
        put("back_channel_logout", [{"client_id": "slow"}] * MANY + [{"client_id": "quick"}], NOW)
        deliver.deliver_due(lambda: NOW)
        assert sorted(tried) == ["quick", "slow"]
        waiting = OutboxMessage.objects.filter(done_at=None, abandoned_at=None)
        assert waiting.count() == MANY
        assert not waiting.filter(due__lte=NOW).exists()


def test_of_what_goes_to_one_client_one_is_on_its_way_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others' go beside it."""
    lock, under_way = threading.Lock(), Counter[str]()
    most: Counter[str] = Counter()
    both = threading.Barrier(2)

    def prepare(letter: Letter, now: datetime) -> Effect | None:
        def happen() -> None:
            name = letter.payload["client_id"]
            with lock:
                under_way[name] += 1
                most[name] = max(most[name], under_way[name])
            both.wait(60)
            with lock:
                under_way[name] -= 1

        return happen

    monkeypatch.setattr(topics, "TOPICS", {"back_channel_logout": ""})
    monkeypatch.setattr(topics, "import_string", lambda _: prepare)
    put("back_channel_logout", [{"client_id": name} for name in ("one", "one", "other", "other")], NOW)
    assert deliver.deliver_due(lambda: NOW) == 4
    assert most == {"one": 1, "other": 1}
    assert OutboxMessage.objects.filter(done_at=None).count() == 0
