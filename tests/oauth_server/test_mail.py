"""Mail: a row of the outbox, sent by the worker to a real SMTP server (RFC 5321), retried, given up, forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oauth_server.models import AuditEvent, OutboxMessage
from oauth_server.outbox import nudge
from oauth_server.outbox.deliver import deliver_due
from tests.support.mailbox import Mailbox, mailbox
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server, and the server's settings as in production."""
    monkeypatch.setattr(nudge, "soon", lambda: None)
    with mailbox() as server:
        settings.EMAIL_BACKEND = "oauth_server.mail.backend.OutboxBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def later() -> Callable[..., int]:
    """Deliver what is due at a time after now."""

    def run(**ahead: float) -> int:
        moment: datetime = timezone.now() + timedelta(**ahead)
        return deliver_due(lambda: moment)

    return run


def reset(browser: Browser, address: str = "ada@example.com") -> None:
    browser.post("/account/password/reset/", {"email": address})


def test_a_mail_arrives_as_text_and_as_html(client: Browser, box: Mailbox, later: Callable[..., int]) -> None:
    person()
    reset(client)
    assert box.messages == []
    assert later() == 1
    (message,) = box.messages
    assert message["To"] == "ada@example.com"
    assert message["X-Recipients"] == "ada@example.com"
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text
    assert html
    link = re.search(r"https?://\S+/password/reset/key/\S+", text.get_content())
    assert link
    assert link[0] in html.get_content()
    assert max(map(len, text.get_content().splitlines())) < 998, "RFC 5322 §2.1.1"


def test_a_developers_mail_may_be_a_file(
    client: Browser, box: Mailbox, later: Callable[..., int], tmp_path: Path, settings: Any
) -> None:
    """EMAIL_URL=filemail:///folder: by way of the outbox too."""
    settings.MAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    person()
    reset(client)
    assert later() == 1
    (file,) = tmp_path.iterdir()
    assert "/password/reset/key/" in file.read_text()
    assert box.messages == []


def test_nothing_of_it_can_be_read_in_the_table_and_nothing_is_kept_once_it_is_sent(
    client: Browser, box: Mailbox, later: Callable[..., int]
) -> None:
    """Scorecard L-02: a stolen table resets no password."""
    person()
    reset(client)
    row = OutboxMessage.objects.get()
    assert "ada" not in str(row.payload)
    assert "reset" not in str(row.payload)
    later()
    row.refresh_from_db()
    assert row.done_at
    assert row.payload == {}


def test_a_mail_is_written_with_the_fact_it_tells_of_or_not_at_all(box: Mailbox) -> None:
    """Design rule 7."""

    class Failed(Exception):
        pass

    def fail() -> None:
        with transaction.atomic():
            EmailMessage("Hello", "…", "a@example.com", ["b@example.com"]).send()
            raise Failed

    with pytest.raises(Failed):
        fail()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("refusal", ["451 try later", "452 full", "421 closing", "535 who are you"])
def test_a_server_that_cannot_now_is_asked_again_and_gets_the_mail_once(
    client: Browser, box: Mailbox, later: Callable[..., int], refusal: str
) -> None:
    """RFC 5321 §4.2.1; scorecard K-04."""
    person()
    reset(client)
    box.refusals.append(refusal)
    later()
    assert OutboxMessage.objects.get().last_error.startswith("The mail server refused it:")
    later(minutes=5)
    later(minutes=10)
    assert len(box.messages) == 1


def test_a_server_that_is_away_is_asked_again(
    client: Browser, box: Mailbox, later: Callable[..., int], settings: Any
) -> None:
    person()
    reset(client)
    settings.EMAIL_PORT = 1
    later()
    assert "cannot be reached" in OutboxMessage.objects.get().last_error
    settings.EMAIL_PORT = box.port
    later(minutes=5)
    assert len(box.messages) == 1


def test_what_is_refused_for_good_is_given_up_at_once(client: Browser, box: Mailbox, later: Callable[..., int]) -> None:
    """RFC 5321 §4.2.3: a server that said no such mailbox is not asked sixteen times."""
    person()
    reset(client)
    box.refusals.append("550 no such mailbox: ada@example.com")
    later()
    row = OutboxMessage.objects.get()
    assert row.abandoned_at
    assert row.payload == {}
    assert row.last_error == "The mail server refused it for good: 550."
    event = AuditEvent.objects.get(name="outbox:message:abandoned")
    assert "ada" not in str(event.facts)


def test_a_mail_that_waited_for_a_day_is_not_sent(client: Browser, box: Mailbox, later: Callable[..., int]) -> None:
    person()
    reset(client)
    later(days=1, minutes=1)
    assert box.messages == []
    assert OutboxMessage.objects.get().abandoned_at


def test_a_second_try_has_the_same_identifier(client: Browser, box: Mailbox, later: Callable[..., int]) -> None:
    """RFC 5322 §3.6.4: who gets it twice can tell."""
    person()
    reset(client)
    box.refusals.append("451 try later")
    later()
    later(minutes=5)
    first, second = box.seen
    assert first == second
    assert re.fullmatch(r"<[0-9a-f-]{36}@127\.0\.0\.1>", first)


def test_an_attachment_is_refused_where_it_is_added(box: Mailbox) -> None:
    message = EmailMultiAlternatives("Hello", "…", "a@example.com", ["b@example.com"])
    message.attach("x.txt", "x", "text/plain")
    with pytest.raises(ValueError, match="no attachments"):
        message.send()


def test_a_reset_costs_the_same_for_an_address_without_an_account(client: Browser, box: Mailbox) -> None:
    """Scorecard T-02: no mail server stands between the question and the answer."""
    person()
    with CaptureQueriesContext(connection) as unknown:
        reset(Browser(), "nobody@example.com")
    assert OutboxMessage.objects.count() == 1
    with CaptureQueriesContext(connection) as known:
        reset(Browser())
    assert OutboxMessage.objects.count() == 2
    inserts = [[q["sql"][:30] for q in queries if q["sql"].startswith("INSERT")] for queries in (unknown, known)]
    assert inserts[0] == inserts[1]
