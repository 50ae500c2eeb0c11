"""What is looked at between a start and the first request: another version's tables, services that are away, a wrong clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from oauth_server.audit.events_operator import ClientDisabled
from oauth_server.audit.record import record
from oauth_server.supervisor.doubts import doubts
from oauth_server.supervisor.prepare import CannotStart, check_version
from tests.support.services import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_on_the_console(settings) -> None:  # type: ignore[no-untyped-def]
    """As `make run` has it."""
    settings.MAIL_BACKEND = "oauth_server.mail.console.EmailBackend"


def test_a_database_of_a_later_version_is_not_touched() -> None:
    """An older server would write into tables that it does not know; before anything is migrated."""
    check_version()
    MigrationRecorder(connection).record_applied("oauth_server", "9999_of_next_year")
    with pytest.raises(CannotStart, match=r"oauth_server\.9999_of_next_year.*restore the backup"):
        check_version()


def test_a_server_as_the_documentation_starts_it_raises_no_doubt() -> None:
    assert doubts(timezone.now()) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CACHE_URL", "redis://127.0.0.1:{port}/0", "where CACHE_URL points (Connection refused)"),
        ("BROKER_URL", "amqp://u:hunter2@127.0.0.1:{port}//", "where BROKER_URL points (Connection refused)"),
        ("ISSUER", "http://localhost:{port}", "but the server listens on port 8000"),
    ],
)
def test_what_an_operator_probably_did_not_mean_is_a_sentence(
    settings,
    name: str,
    value: str,
    says: str,  # type: ignore[no-untyped-def]
) -> None:
    """The server can run all the same (design rule 8), so it does."""
    setattr(settings, name, value.format(port=free_port()))
    (sentence,) = doubts(timezone.now())
    assert says in sentence
    assert "hunter2" not in sentence


def test_mail_that_nobody_would_take_is_a_sentence(settings) -> None:  # type: ignore[no-untyped-def]
    settings.MAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    (sentence,) = doubts(timezone.now())
    assert "EMAIL_URL says where it is" in sentence


def test_an_issuer_behind_a_proxy_has_a_port_of_its_own(settings) -> None:  # type: ignore[no-untyped-def]
    settings.ISSUER, settings.TRUSTED_PROXIES = "http://localhost:8443", ["127.0.0.1"]
    assert doubts(timezone.now()) == []


def test_a_clock_that_went_back_is_a_sentence() -> None:
    """Tokens of before would be from the future, and keys would not sign yet."""
    record(ClientDisabled(client_id="somebody"))
    assert doubts(timezone.now() - timedelta(minutes=1)) == []
    (sentence,) = doubts(timezone.now() - timedelta(days=2))
    assert "The clock of this machine says" in sentence
