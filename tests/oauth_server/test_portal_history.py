"""The person's own part of the audit log, in plain words, a page at a time."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client as Browser
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server import audit
from oauth_server.audit.events import Event
from oauth_server.models import AuditEvent
from oauth_server.portal.happenings import SAID, words_for
from tests.support.people import page, person, prove, sign_in

ACTIVITY = "/account/activity/"
# Facts that no person would understand, or that are not about one.
UNTOLD = {
    "audit:facts:suppressed", "authorize:interaction:foreign", "authorize:request:refused", "client:authentication:refused",
    "client:initial_access_token:issued", "client:registration:created", "client:registration:deleted",
    "client:registration:refused", "client:registration:updated", "key:rotation:done", "operator:client:disabled",
    "operator:client:enabled", "operator:keys:rotated", "operator:record:added", "operator:record:deleted",
    "operator:secret:rotated", "operator:session:ended", "outbox:message:abandoned", "outbox:message:delivered", "person:deletion:done", "person:password:postponed", "person:password:unchecked", "person:upstream:forged", "person:upstream:refused",
    "server:request:failed", "session:logout:completed", "session:logout:refused", "token:client:foreign",
    "token:introspection:refused", "token:request:issued", "token:request:refused", "token:revocation:done",
}  # fmt: skip


def _all(base: type[Event]) -> Iterator[type[Event]]:
    for found in base.__subclasses__():
        yield found
        yield from _all(found)


def note(user: User, name: str, at: datetime | None = None, **more: Any) -> AuditEvent:
    return AuditEvent.objects.create(
        name=name, at=at or timezone.now(), result="success", user=str(user.pk), **{"facts": {}, **more}
    )


def test_every_fact_is_told_in_words_or_left_out_on_purpose() -> None:
    for module in pkgutil.iter_modules(audit.__path__):
        if module.name.startswith("events"):
            importlib.import_module(f"{audit.__name__}.{module.name}")
    facts = {event.name for event in _all(Event) if event.name}
    told = {key.partition(" ")[0] for key in SAID}
    assert facts - told - UNTOLD == set(), "give it a row in SAID, or leave it out here"
    assert told | UNTOLD <= facts, "a fact that is no more"
    assert not told & UNTOLD


def test_every_picture_exists() -> None:
    assert [words.picture for words in SAID.values() if not finders.find(f"vendor/lucide/{words.picture}.svg")] == []


def test_the_most_exact_words_are_taken() -> None:
    def said(name: str, **facts: Any) -> str:
        return str(words_for(AuditEvent(name=name, facts=facts)).text)

    assert said("person:session:ended", reason="signed_out") == "You signed out"
    assert said("person:session:ended", reason="a new one") == "A sign-in ended"
    assert said("person:session:started", again=True) == "You proved again who you are"
    assert said("person:session:started", again=False) == "You signed in"


@pytest.mark.django_db
class TestPage:
    """What the person sees."""

    def test_it_says_what_happened_when_on_which_browser_and_from_where(self, client: Browser) -> None:
        person()
        client.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Firefox/140.0"
        client.defaults["REMOTE_ADDR"] = "203.0.113.9"
        sign_in(client, password="wrong guess here")
        sign_in(client)
        prove(client)
        client.post("/account/profile/", {"name": "Ada"})
        shown = page(client.get(ACTIVITY))
        for text in (
            "Somebody typed a wrong password", "You signed in", "You edited your profile", "Firefox on macOS", "203.0.113.9"
        ):  # fmt: skip
            assert text in shown
        assert "person:" not in shown

    def test_nobody_sees_somebody_elses(self, client: Browser) -> None:
        person()
        note(person("bob"), "person:password:refused")
        sign_in(client)
        assert "wrong password" not in page(client.get(ACTIVITY))

    def test_the_application_is_called_by_its_name_and_markup_in_it_is_text(self, client: Browser) -> None:
        user = person()
        note(user, "authorize:code:issued", client_id="<b>100%s</b>")
        sign_in(client)
        raw = client.get(ACTIVITY).content.decode()
        assert "You signed in to &lt;b&gt;100%s&lt;/b&gt;" in raw

    def test_pages_follow_each_other_without_gap_or_repetition(self, client: Browser) -> None:
        user, begun = person(), timezone.now() - timedelta(days=2)
        sign_in(client)
        AuditEvent.objects.all().delete()
        for number in range(60):
            # Ten at the same moment: a page ends in the middle of them.
            note(user, "authorize:code:issued", begun + timedelta(minutes=number // 10), client_id=f"app-{number:02}")
        seen: list[str] = []
        address = ACTIVITY
        for _ in range(4):
            answer = client.get(address)
            seen += [one.text for one in answer.context["happenings"]]
            if not answer.context["older"]:
                break
            address = f"{ACTIVITY}?before={answer.context['older'].replace('+', '%2B')}"
        assert seen == [f"You signed in to app-{number:02}" for number in reversed(range(60))]

    @pytest.mark.parametrize("before", ["", "x", "_", "2026-01-01_1", "2026-13-01T00:00:00+00:00_1", "9" * 400, "2026-01-01T00:00:00+00:00_" + "9" * 30])  # fmt: skip
    def test_an_address_that_somebody_made_up_shows_the_newest(self, client: Browser, before: str) -> None:
        person()
        sign_in(client)
        answer = client.get(ACTIVITY, {"before": before})
        assert answer.status_code == 200
        assert answer.context["is_first"]

    def test_the_number_of_statements_does_not_grow_with_the_rows(
        self, client: Browser, django_assert_max_num_queries: Any
    ) -> None:
        user = person()
        sign_in(client)
        sid = LoginSession.objects.get().sid
        for _ in range(25):
            note(user, "person:session:started", facts={"sid": sid})
        with django_assert_max_num_queries(5):
            client.get(ACTIVITY)
