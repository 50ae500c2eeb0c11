"""What people do is on record, and what they typed is not (ASVS 5.0 §16.3.1, §16.2.5)."""

from __future__ import annotations

import json

import pytest
from django.test import Client as Browser

from oauth_server.audit.record import flush
from oauth_server.models import AuditEvent
from tests.support.people import PASSWORD, person, sign_in

pytestmark = pytest.mark.django_db


def recorded() -> list[tuple[str, str, str]]:
    flush()
    return list(AuditEvent.objects.order_by("pk").values_list("name", "result", "user"))


def test_coming_and_going_is_recorded_with_who_from_where_and_how(client: Browser) -> None:
    user = person()
    sign_in(client)
    sign_in(client, query="?prompt=login")
    client.post("/account/logout/")
    assert recorded() == [
        ("person:session:started", "success", str(user.pk)),
        ("person:session:started", "success", str(user.pk)),
        ("person:session:ended", "success", str(user.pk)),
    ]
    first, second, last = AuditEvent.objects.order_by("pk")
    assert (first.facts["amr"], first.facts["again"], first.ip_address) == ("pwd", False, "127.0.0.1")
    assert second.facts["again"] is True
    assert last.facts["reason"] == "signed_out"


def test_a_refusal_is_recorded_without_what_was_typed(client: Browser) -> None:
    """People type passwords into the field above."""
    user = person()
    sign_in(client, "ada", "hunter2-wrong")
    sign_in(client, "hunter2-in-the-wrong-field", "x")
    assert recorded() == [
        ("person:password:refused", "failure", str(user.pk)),
        ("person:password:refused", "failure", ""),
    ]
    assert "hunter2" not in json.dumps(list(AuditEvent.objects.values_list("facts", "user", "client_id")))


def test_blocked_guessing_is_flagged_as_suspicious(client: Browser) -> None:
    user = person()
    for _ in range(11):
        sign_in(client, password="wrong")
    assert recorded()[-1] == ("person:password:blocked", "failure", str(user.pk))
    assert AuditEvent.objects.get(name="person:password:blocked").suspicious


def test_changes_of_an_account_and_its_standing_are_recorded(client: Browser) -> None:
    user = person()
    sign_in(client)
    new = "another good password"
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    user.refresh_from_db()
    user.is_active = False
    user.save()
    names = [name for name, _, _ in recorded()]
    assert names == [
        "person:session:started",
        "person:account:changed",
        "person:session:ended",
        "person:standing:disabled",
    ]
