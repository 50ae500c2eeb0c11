"""Strangers, and clients that anybody may register, cannot fill a table without bound (OWASP API4, CWE-770)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from identity.models import User
from oauth_server.audit.record import flush
from oauth_server.middleware import is_trusted
from oauth_server.models import AuditEvent, Client, Interaction, RefreshToken
from tests.support.front_channel import Browser, answer, page
from tests.support.parties import Code, Http, Party
from tests.support.registration import post, registered

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]
MINUTE = timedelta(seconds=61)


def limits(**changed: int) -> Any:
    return override_settings(LIMITS=replace(settings.LIMITS, **changed))


def refuse(times: int, address: str = "192.0.2.7") -> None:
    """As many requests of a client that nobody knows."""
    http = Http(headers={"X-Forwarded-For": address})
    for _ in range(times):
        http.post("/oauth/token", data={"grant_type": "client_credentials", "client_id": "nobody"})


def rows(name: str) -> int:
    flush()
    return AuditEvent.objects.filter(name=name).count()


REFUSED, SUPPRESSED = "client:authentication:refused", "audit:facts:suppressed"


@pytest.fixture
def one_minute() -> Any:
    """A minute that does not end while the test runs."""
    with time_machine.travel(timezone.now().replace(second=1), tick=False) as clock:
        yield clock


def test_a_flood_of_refusals_is_counted_and_not_written(keys: None, one_minute: Any) -> None:
    """One row for the minute says how many of which kind came from where; nothing is lost."""
    with limits(audited_refusals_per_address=5):
        refuse(25)
        assert rows(REFUSED) == 5
        one_minute.shift(MINUTE)
        flush()
        told = AuditEvent.objects.get(name=SUPPRESSED)
        assert (told.facts["kind"], told.facts["count"], told.suspicious) == (REFUSED, 20, True)
        assert told.facts["address"] == "127.0.0.1"
        refuse(3)
        assert rows(REFUSED) == 8, "the next minute has rows again"


def test_a_flood_of_one_kind_hides_nothing_of_another(app: Party, redeem: Redeem, keys: None, one_minute: Any) -> None:
    """A replay is seen however much noise its author makes (RFC 9700 §4.14.2)."""
    with limits(audited_refusals_per_address=2):
        refuse(10)
        token = redeem(app)
        for _ in range(2):
            app.post("/oauth/token", grant_type="refresh_token", refresh_token=token["refresh_token"])
        assert rows("token:refresh:reused") == 1


class TestNoiseOfTheSameKind:
    """Whoever replays their own codes until the kind is used up hides no replay of somebody else's (RFC 6749 §10.5)."""

    @pytest.fixture
    def victim(self, db: None) -> User:
        return User.objects.create_user("ada", "ada@example.org", "correct horse battery", name="Ada Lovelace")

    @pytest.fixture
    def noise(self, app: Party, make_code: Callable[..., Code], person: User, one_minute: Any) -> Iterator[None]:
        """Second tries within the window, far more of them than have rows."""
        own = make_code(app)
        with limits(audited_refusals_per_address=3, audited_refusals=5):
            for _ in range(12):
                redeem_again(app, own)
            assert self.replays(person) == 1 + 3, "the first one, and as many more as the address may have"
            yield

    def replays(self, whose: User) -> int:
        return AuditEvent.objects.filter(name="token:code:replayed", user=str(whose.pk)).count()

    def test_the_first_fact_about_somebody_has_its_row(
        self, app: Party, make_code: Callable[..., Code], victim: User, noise: None
    ) -> None:
        stolen = make_code(app, user_id=victim.pk)
        for _ in range(3):
            redeem_again(app, stolen)
        assert self.replays(victim) == 1, "further ones of the same are repetitions"

    def test_what_ended_tokens_has_its_row_each_time(
        self, app: Party, make_code: Callable[..., Code], victim: User, noise: None, one_minute: Any
    ) -> None:
        stolen = [make_code(app, user_id=victim.pk) for _ in range(3)]
        for code in stolen:
            redeem_again(app, code)
        one_minute.shift(timedelta(seconds=3))
        for code in stolen * 2:
            redeem_again(app, code)
        ended = AuditEvent.objects.filter(name="token:code:replayed", user=str(victim.pk), facts__revoked=True)
        assert ended.count() == 3

    def test_a_name_that_a_stranger_makes_up_earns_no_row(self, keys: None, one_minute: Any) -> None:
        """``client_id`` before authentication is what anybody writes."""
        with limits(audited_refusals_per_address=2):
            for n in range(6):
                Http().post("/oauth/token", data={"grant_type": "client_credentials", "client_id": f"nobody{n}"})
            assert rows(REFUSED) == 2


def redeem_again(party: Party, code: Code) -> None:
    party.post(
        "/oauth/token",
        grant_type="authorization_code",
        code=code.value,
        code_verifier=code.verifier,
        redirect_uri=code.redirect_uri,
    )


def test_many_addresses_have_a_limit_together(keys: None, one_minute: Any) -> None:
    """A flood from everywhere."""
    with limits(audited_refusals=6), override_settings(TRUSTED_PROXIES=(ipaddress.ip_network("127.0.0.0/8"),)):
        is_trusted.cache_clear()
        for n in range(20):
            refuse(1, f"192.0.2.{n}")
        assert rows(REFUSED) == 6
        one_minute.shift(MINUTE)
        flush()
        assert sum(row.facts["count"] for row in AuditEvent.objects.filter(name=SUPPRESSED)) == 14


def test_what_is_suppressed_when_the_process_ends_is_told(keys: None, one_minute: Any) -> None:
    with limits(audited_refusals_per_address=1):
        refuse(4)
        flush(ending=True)
        assert AuditEvent.objects.get(name=SUPPRESSED).facts["count"] == 3


def test_a_client_that_asks_for_tokens_in_a_loop_fills_no_log(service: Party, one_minute: Any) -> None:
    """Of one client's successes the same; another client's are written as ever."""
    with limits(audited_successes=4):
        for _ in range(10):
            service.post("/oauth/token", grant_type="client_credentials")
        assert rows("token:request:issued") == 4
        one_minute.shift(MINUTE)
        flush()
        told = AuditEvent.objects.get(name=SUPPRESSED)
        assert (told.client_id, told.facts["count"]) == (service.client_id, 6)


def test_requests_that_wait_for_a_person_have_a_limit(app: Party, browser: Browser, person: User) -> None:
    """Whoever begins sign-ins without end hears 429 on a page of ours, and nothing more is stored."""
    with limits(interactions_per_address=3):
        answered = [browser.authorize(app) for _ in range(5)]
        assert [each.status_code for each in answered] == [303, 303, 303, 429, 429]
        assert "Too many at once" in page(answered[-1])
        assert answered[-1].headers["retry-after"]
        assert Interaction.objects.count() == 3
        with override_settings(THROTTLES=False):
            assert browser.authorize(app).status_code == 303


def test_one_person_causes_no_codes_without_end(app: Party, browser: Browser, person: User) -> None:
    """RFC 6749 §4.1.2.1: the client hears temporarily_unavailable, also of a silent request."""
    browser.sign_in(person)
    browser.walk(browser.authorize(app), person)
    with limits(codes_per_person=3):
        told = [answer(browser.authorize(app, prompt="none")) for _ in range(4)]
    assert [("code" in members) for members in told] == [True, True, False, False]
    assert told[-1]["error"] == "temporarily_unavailable"


def test_one_grant_is_not_refreshed_without_end(app: Party, redeem: Redeem) -> None:
    """Each refresh leaves a row until the grant ends, so that a replay is seen."""
    token = redeem(app)
    with limits(refreshes_per_family=3):
        for _ in range(6):
            answered = app.post("/oauth/token", grant_type="refresh_token", refresh_token=token["refresh_token"])
            if not answered.is_success:
                break
            token = answered.json()
    assert answered.json()["error"] == "invalid_grant"
    assert "sign in again" in answered.json()["error_description"]
    assert RefreshToken.objects.count() == 3 + 1


def test_clients_that_nobody_vouched_for_have_a_limit_in_all(registration_open: None) -> None:
    """RFC 7591 §5: also those that were used, which do not expire."""
    with limits(open_clients=2):
        registered()
        registered()
        refused = post({"redirect_uris": ["https://rp.example/cb"]})
    assert refused.status_code == 429
    assert Client.objects.count() == 2
