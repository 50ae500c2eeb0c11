"""What cannot be done says so: a page with a way on to a browser, problem details (RFC 9457) to a machine, headers to both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client as Browser
from django.test import RequestFactory

from oauth_server.audit.record import flush
from oauth_server.endpoints import faults
from oauth_server.endpoints.base import as_oauth_error
from oauth_server.models import AuditEvent
from tests.support.people import LOGIN, page, person, sign_in

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
MACHINE = {"accept": "application/json"}
ONLY_POST = "/account/sessions/end-others/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client: Browser) -> Browser:
    person()
    sign_in(client)
    return client


@pytest.mark.parametrize("address", [ONLY_POST, "/account/look/", "/account/login/cancel/", "/portal/1/disable/"])
def test_an_address_that_only_takes_a_form_says_so_when_it_is_opened(ada: Browser, address: str) -> None:
    """RFC 9110 §15.5.6: with the methods that would do."""
    response = ada.get(address, headers=BROWSER)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert "<h1>This address is not a page</h1>" in page(response)


def test_a_method_that_no_page_has_is_refused_with_a_page_too(ada: Browser) -> None:
    for address in ("/account/sessions/", "/portal/"):
        response = ada.delete(address, headers=BROWSER)
        assert response.status_code == 405, address
        assert "GET" in response.headers["Allow"]
        assert "<h1>This address is not a page</h1>" in page(response)


@pytest.mark.parametrize(
    ("address", "status", "title"), [(ONLY_POST, 405, "Method Not Allowed"), ("/nowhere/", 404, "Not Found")]
)
def test_a_machine_gets_problem_details(ada: Browser, address: str, status: int, title: str) -> None:
    """RFC 9457 §3."""
    response = ada.get(address, headers=MACHINE)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {"type": "about:blank", "title": title, "status": status}
    assert "Accept" in response.headers["Vary"]


def test_what_takes_everything_gets_the_page(client: Browser) -> None:
    """A developer's tool says ``*/*``, or nothing."""
    for headers in ({"accept": "*/*"}, {}):
        response = client.get("/nowhere/", headers=headers)
        assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


class TestForms:
    """A form that stood open for too long, or came without cookies."""

    def test_the_person_is_led_back_to_its_page(self) -> None:
        browser = Browser(enforce_csrf_checks=True)
        shown = page(
            browser.post(LOGIN, headers={**BROWSER, "referer": "http://testserver/account/login/?next=/portal/"})
        )
        assert "<h1>This page was open for too long</h1>" in shown
        assert 'href="http://testserver/account/login/?next=/portal/"' in shown

    @pytest.mark.parametrize("referer", ["https://evil.example/", "javascript:alert(1)", "//evil.example", ""])
    def test_and_to_no_other_site(self, referer: str) -> None:
        response = Browser(enforce_csrf_checks=True).post(LOGIN, headers={**BROWSER, "referer": referer})
        assert response.status_code == 403
        assert "id_again" not in page(response)

    def test_a_machine_gets_problem_details(self) -> None:
        response = Browser(enforce_csrf_checks=True).post(LOGIN, headers=MACHINE)
        assert (response.status_code, response.json()["status"]) == (403, 403)


def test_a_limit_of_allauths_says_when_to_come_again(client: Browser, settings: Any) -> None:
    """RFC 6585 §4."""
    settings.ACCOUNT_RATE_LIMITS = {"reset_password": "1/m/ip"}
    for _ in range(2):
        response = client.post("/account/password/reset/", {"email": "ada@example.com"}, headers=BROWSER)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "60"
    assert "<h1>That was too often</h1>" in page(response)


@pytest.mark.parametrize(
    ("headers", "kind"), [(BROWSER, "text/html; charset=utf-8"), (MACHINE, "application/problem+json")]
)
def test_while_the_database_is_away_both_hear_when_to_come_again(headers: dict[str, str], kind: str) -> None:
    """Design rule 9: an outage is 503, and nothing of the answer needs the database."""
    request = RequestFactory().get("/", headers=headers)
    try:
        raise OperationalError
    except OperationalError:
        response = faults.server_error(request)
    assert (response.status_code, response["Retry-After"], response["Content-Type"]) == (503, "2", kind)


def _at_a_page() -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        assert faults.server_error(RequestFactory().get("/")).status_code == 500


def _at_an_endpoint() -> None:
    assert as_oauth_error(ZeroDivisionError()).status == 500


@pytest.mark.parametrize("surprise", [_at_a_page, _at_an_endpoint])
def test_a_surprise_is_a_fact_that_an_alarm_can_hang_on(surprise: Callable[[], None]) -> None:
    """The audit log has it, and so `/metrics` counts it; the text of the exception may hold what must not be kept."""
    surprise()
    flush()
    (event,) = AuditEvent.objects.filter(name="server:request:failed")
    assert event.facts["detail"] == "ZeroDivisionError"
