"""An account ends: told before, with time to come back, in small steps, and nothing personal is left (GDPR, article 17)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from identity.account import erase
from identity.models import BrowserSession, LoginSession, Picture, User, personal
from identity.tasks import delete_people
from oauth_server.audit import record
from oauth_server.celery import BEAT
from oauth_server.clients import registry
from oauth_server.models import AuditEvent, Client, Consent, OutboxMessage, Participation, TokenFamily
from tests.support.front_channel import Browser as Walker
from tests.support.front_channel import answer, exchange
from tests.support.operators import furnish, operator
from tests.support.parties import Party
from tests.support.people import is_signed_in, page, person, prove, prove_second_step, sign_in

pytestmark = pytest.mark.django_db

DELETE = "/account/privacy/delete/"
GRACE = timedelta(seconds=settings.LIFETIMES.deletion_grace)


@pytest.fixture(autouse=True)
def no_notice(settings: Any) -> None:
    """Rows are made by sign-ins without a page, which cannot mail about a new browser."""
    settings.FEATURES = replace(settings.FEATURES, new_device_notice=False)


@pytest.fixture
def ada() -> User:
    return person(picture="https://ada.example/p.png", phone_number="+44 1 555")


def ask(browser: Browser, name: str = "ada", *, first: Callable[[], object] = object) -> Any:
    """Sign in, prove it again, and confirm.

    Args:
        first: what happens in between, such as a second step that the next sign-in would need.
    """
    sign_in(browser, name)
    prove(browser)
    first()
    prove_second_step(browser)
    return browser.post(DELETE, {"username": name})


def later(more: timedelta = timedelta(minutes=1)) -> Any:
    return time_machine.travel(timezone.now() + GRACE + more, tick=False)


def text_of_the_database() -> str:
    """Every value of every row."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found.append(repr(cursor.fetchall()))
    return "\n".join(found)


class TestAsking:
    """The page, and what happens at once."""

    def test_the_effects_are_told_before(self, client: Browser, ada: User) -> None:
        sign_in(client)
        prove(client)
        furnish(ada)
        prove_second_step(client)
        shown = page(client.get(DELETE))
        for text in (
            "You are signed out on every browser.",
            "1 application loses access to your account: Field notes.",
            "The application that you registered stops working for everybody: Field notes.",
            "After 14 days",
            "somebody else may take",
        ):
            assert text in shown

    def test_it_takes_a_fresh_proof_and_the_username(self, client: Browser, ada: User) -> None:
        sign_in(client)
        assert "/account/reauthenticate/" in client.get(DELETE).headers["Location"]
        assert "/account/reauthenticate/" in client.post(DELETE, {"username": "ada"}).headers["Location"]
        prove(client)
        for wrong in ({}, {"username": "bob"}, {"username": "ADA"}):
            assert client.post(DELETE, wrong).status_code == 400
        ada.refresh_from_db()
        assert ada.deletion_due is None

    def test_everybody_is_signed_out_and_nothing_acts_for_the_person_any_more(self, client: Browser, ada: User) -> None:
        other = Browser()
        sign_in(other)

        def offline() -> None:
            furnish(ada)
            TokenFamily.objects.update(scope="openid offline_access")
            Client.objects.update(offline_access_survives_logout=True)

        gone = ask(client, first=offline)
        assert gone.status_code == 303
        assert not is_signed_in(client)
        assert not is_signed_in(other)
        assert TokenFamily.objects.get().revoked_at is not None, "offline access ends too"
        assert "Your account will be deleted on" in page(client.get(gone.headers["Location"], follow=True))

    def test_the_owner_is_told_by_mail_and_the_log_knows(self, client: Browser, ada: User) -> None:
        ask(client)
        assert mail.outbox[-1].subject == "Your account will be deleted"
        assert mail.outbox[-1].to == ["ada@example.com"]
        assert AuditEvent.objects.get(name="person:deletion:requested").user == str(ada.pk)

    def test_the_last_operator_cannot_leave(self, client: Browser) -> None:
        User.objects.filter(pk=person("olga").pk).update(is_superuser=True, is_staff=True)
        sign_in(client, "olga")
        prove(client)
        assert "the only operator" in page(client.get(DELETE))
        client.post(DELETE, {"username": "olga"})
        assert User.objects.get().deletion_due is None
        with pytest.raises(CommandError, match="only operator"):
            call_command("delete_user", "olga")
        operator("otto")
        assert client.post(DELETE, {"username": "olga"}).status_code == 303


class TestComingBack:
    """Who signs in within the grace period keeps the account."""

    def test_a_sign_in_cancels_it(self, client: Browser, ada: User) -> None:
        ask(client)
        with time_machine.travel(timezone.now() + GRACE - timedelta(minutes=1), tick=False):
            delete_people()
            sign_in(client)
            assert "so your account stays" in page(client.get("/account/"))
        with later():
            delete_people()
        ada.refresh_from_db()
        assert ada.deletion_due is None
        assert mail.outbox[-1].subject == "Your account stays"
        assert AuditEvent.objects.filter(name="person:deletion:cancelled", user=str(ada.pk)).exists()

    def test_a_wrong_password_cancels_nothing(self, client: Browser, ada: User) -> None:
        ask(client)
        sign_in(client, password="not the password")
        ada.refresh_from_db()
        assert ada.deletion_due is not None

    def test_once_it_has_begun_nobody_comes_back(self, client: Browser, ada: User) -> None:
        ask(client)
        with later():
            assert User.objects.begin_erasure(ada, timezone.now())
            assert not User.objects.begin_erasure(ada, timezone.now()), "of two workers one is first"
            assert not erase.keep(ada)
            sign_in(client)
            assert not is_signed_in(client)

    def test_who_came_back_is_not_deleted_by_a_worker_that_read_the_row_before(self, ada: User) -> None:
        erase.ask(ada, timezone.now(), at_once=True)
        stale = User.objects.doomed(timezone.now(), 10)[0]
        assert erase.keep(ada)
        erase.carry_out(stale, timezone.now(), size=100)
        assert User.objects.filter(pk=ada.pk, is_active=True, username="ada").exists()
        assert EmailAddress.objects.filter(user=ada).exists()


class TestCarryingOut:
    """What the worker does when the time is over."""

    def test_the_beat_sends_it(self) -> None:
        assert "identity.tasks.delete_people" in BEAT

    def test_nothing_personal_is_left_in_any_table(self, client: Browser, ada: User) -> None:
        client.defaults["HTTP_USER_AGENT"] = "Canary/1.0 (personal device)"
        client.defaults["REMOTE_ADDR"] = "203.0.113.77"
        Picture.objects.give(ada, b"canary picture", timezone.now())
        LogEntry.objects.create(
            user=operator(), object_id=str(ada.pk), object_repr="ada", action_flag=2, change_message="canary edit",
            content_type_id=apps.get_model("contenttypes.ContentType").objects.get_for_model(User).pk,
        )  # fmt: skip
        ask(client, first=lambda: furnish(ada))
        record.flush()
        assert "203.0.113.77" in text_of_the_database()
        with later():
            delete_people()
        left = text_of_the_database()
        for personal_value in (
            "ada@example.com", "'ada'", "203.0.113.77", "Canary/1.0", "canary picture", "canary edit", "https://ada.example", "+44 1 555",
            "CANARYTOTPSEED",
        ):  # fmt: skip
            assert personal_value not in left, personal_value
        for holding in personal.holdings():
            rows = list(personal.rows(holding, ada.pk)) if holding.told else []
            assert not rows or not holding.goes, holding.name

    def test_the_log_says_that_things_happened_and_no_more(self, client: Browser, ada: User) -> None:
        AuditEvent.objects.create(
            name="token:refresh:moved", at=timezone.now(), result="success", user=str(ada.pk), ip_address="203.0.113.1",
            request_id="abc", facts={"previous": "203.0.113.2", "generation": 3, "detail": "from 203.0.113.3"},
        )  # fmt: skip
        ask(client)
        with later():
            delete_people()
        events = AuditEvent.objects.filter(user=str(ada.pk))
        assert events.filter(ip_address__isnull=False).count() == 0
        assert events.get(name="token:refresh:moved").facts == {"generation": 3}
        assert events.latest("pk").name == "person:deletion:done"

    def test_somebody_else_keeps_everything(self, client: Browser, ada: User) -> None:
        bob = person("bob")
        house = furnish(bob)
        ask(client)
        with later():
            delete_people()
        assert User.objects.get() == bob
        for row in (house.client, house.consent, house.family, house.session):
            row.refresh_from_db()
        assert LoginSession.objects.filter(user=bob).exists()

    def test_clients_that_the_person_owned_go_with_all_that_they_held_of_others(
        self, client: Browser, ada: User
    ) -> None:
        bob, now = person("bob"), timezone.now()

        def register() -> None:
            client = furnish(ada).client
            consent = Consent.objects.remember(bob.pk, client.pk, frozenset({"openid"}), now, now + GRACE)
            TokenFamily.objects.create(
                id=bob.pk, application=client, user=bob, consent=consent, created=now, expires=now + 2 * GRACE
            )

        ask(client, first=register)
        known = Client.objects.get().client_id
        with later():
            delete_people()
        assert Client.objects.count() == 0
        assert TokenFamily.objects.count() == 0
        assert registry.get(known) is None
        assert User.objects.filter(username="bob").exists()

    def test_the_name_and_the_address_are_free_and_their_next_owner_is_another_subject(
        self, client: Browser, ada: User
    ) -> None:
        """OpenID Connect Core §5.7: a subject is never reassigned (Zitadel CVE-2026-55670)."""
        ask(client)
        with later():
            delete_people()
            again = person("ada")
        assert again.pk != ada.pk

    def test_no_statement_deletes_more_than_a_batch(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        now = timezone.now()
        LoginSession.objects.bulk_create(
            LoginSession(sid=f"s{number}", user=ada, auth_time=now, created=now, last_seen=now, expires=now, ended_at=now)
            for number in range(25)
        )  # fmt: skip
        seen: list[int] = []
        batch = personal.erase_batch

        def counted(*arguments: Any) -> int:
            seen.append(batch(*arguments))
            return seen[-1]

        monkeypatch.setattr(personal, "erase_batch", counted)
        erase.ask(ada, now, at_once=True)
        erase.carry_out(ada, timezone.now(), size=10, pause=0)
        assert max(seen) == 10
        assert not User.objects.filter(pk=ada.pk).exists()

    def test_a_run_that_dies_is_finished_by_the_next(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        furnish(ada)
        erase.ask(ada, timezone.now(), at_once=True)
        batch, calls = personal.erase_batch, iter(range(100))

        def dies(*arguments: Any) -> int:
            if next(calls) == 4:
                raise RuntimeError("the power went")
            return batch(*arguments)

        monkeypatch.setattr(personal, "erase_batch", dies)
        with pytest.raises(RuntimeError):
            delete_people()
        monkeypatch.setattr(personal, "erase_batch", batch)
        delete_people()
        assert not User.objects.filter(pk=ada.pk).exists()
        assert AuditEvent.objects.filter(name="person:deletion:done").count() == 1

    def test_a_browser_that_was_left_open_holds_nothing(self, client: Browser, ada: User) -> None:
        ask(client)
        with later():
            delete_people()
        assert LoginSession.objects.count() == 0
        assert not BrowserSession.objects.filter(session_data__contains=str(ada.pk)).exists()
        assert not is_signed_in(client)


class TestApplications:
    """OpenID Connect Back-Channel Logout §2.4, §2.5: who knew the person is told."""

    @pytest.fixture
    def told(self, make_client: Callable[..., Party]) -> Callable[..., Party]:
        def make(**more: Any) -> Party:
            return make_client(backchannel_logout_uri="https://app.example/logout", **more)

        return make

    def test_each_is_told_when_the_account_is_gone(
        self, told: Callable[..., Party], browser: Walker, person: User
    ) -> None:
        app = told()
        exchange(app, answer(browser.walk(browser.authorize(app), person))["code"])
        erase.ask(person, timezone.now(), at_once=True)
        first = OutboxMessage.objects.count()
        assert first == 1, "the sign-in ended"
        erase.carry_out(person, timezone.now(), size=100)
        letter = OutboxMessage.objects.latest("pk")
        assert letter.payload["client_id"] == app.client_id
        assert letter.payload["user"] == str(person.pk)
        assert letter.payload["sid"], "the sign-in that it knew"

    def test_one_that_saw_no_sign_in_lately_is_told_of_the_person_alone(
        self, told: Callable[..., Party], browser: Walker, person: User
    ) -> None:
        app, strict = told(), told(backchannel_logout_session_required=True)
        for party in (app, strict):
            exchange(party, answer(browser.walk(browser.authorize(party), person))["code"])
        Participation.objects.all().delete()
        erase.ask(person, timezone.now(), at_once=True)
        erase.carry_out(person, timezone.now(), size=100)
        letters = OutboxMessage.objects.filter(payload__sid="")
        assert [letter.payload["client_id"] for letter in letters] == [app.client_id], "§2.2: one demands a sid"

    def test_the_token_of_such_a_letter_names_the_person_and_no_sign_in(
        self, told: Callable[..., Party], person: User
    ) -> None:
        import base64  # noqa: PLC0415
        import uuid  # noqa: PLC0415

        from oauth_server.logout.back_channel import logout_token  # noqa: PLC0415
        from oauth_server.outbox.topics import Letter  # noqa: PLC0415

        app = told()
        letter = Letter(uuid.uuid4(), {"client_id": app.client_id, "sid": "", "user": str(person.pk)}, timezone.now())
        body = logout_token(app.registered, letter, timezone.now()).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        assert claims["sub"] == str(person.pk)
        assert "sid" not in claims


class TestCommand:
    """``manage.py delete_user``."""

    def test_it_asks_with_the_grace_period(self, ada: User) -> None:
        call_command("delete_user", "ada@example.com", json=True, stdout=(out := StringIO()))
        said = json.loads(out.getvalue())
        assert (said["username"], said["deleted"]) == ("ada", False)
        ada.refresh_from_db()
        assert ada.deletion_due is not None
        assert abs(ada.deletion_due - timezone.now() - GRACE) < timedelta(minutes=1)

    def test_or_deletes_at_once(self, ada: User) -> None:
        call_command("delete_user", "ada", "--at-once", stdout=(out := StringIO()))
        assert out.getvalue() == "ada is deleted.\n"
        assert not User.objects.exists()

    def test_nobody_is_an_error(self) -> None:
        with pytest.raises(CommandError, match="Nobody is called nobody"):
            call_command("delete_user", "nobody")
