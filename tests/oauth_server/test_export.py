"""All that is stored about a person in one JSON document, and no model that anybody forgot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import mail
from django.db.models import Field, Model
from django.test import Client as Browser

from identity.models import Picture, User, personal
from oauth_server.models import AuditEvent, Client
from tests.support.operators import House, furnish
from tests.support.people import PASSWORD, person, prove, prove_second_step, sign_in

EXPORT = "/account/privacy/export/"
# Columns that hold a person without being a foreign key: model → column.
UNKEYED = {
    "oauth_server.AuditEvent": "user",
    "oauth_server.Interaction": "consented_by",
    "oauth_server.OutboxMessage": "payload",
}
# Relations that lead to a person only through a client, which belongs to many: what is theirs has a row of its own.
THROUGH: tuple[type[Model], ...] = (Client,)


def _keys(model: type[Model]) -> Iterator[Field[Any, Any]]:
    for field in model._meta.get_fields():
        if field.concrete and field.is_relation and field.related_model is not None and not field.many_to_many:
            yield field  # type: ignore[misc]


def _personal() -> set[type[Model]]:
    """Every model with a row about somebody: a key to a person, or to a row about somebody, or one of UNKEYED."""
    models = set(apps.get_models(include_auto_created=True))
    found: set[type[Model]] = {User, *(apps.get_model(label) for label in UNKEYED)}
    while True:
        more = {
            model for model in models - found for key in _keys(model) if key.related_model in found - set(THROUGH)
        }  # fmt: skip
        if not more:
            return found
        found |= more


def test_every_model_with_a_person_is_listed() -> None:
    """Add a row to HOLDINGS of the model's package: what the export tells of it, and that it goes with the account."""
    listed = {holding.model for holding in personal.holdings()}
    assert {model._meta.label for model in _personal() - listed} == set()


def test_every_row_tells_something_or_says_why_not() -> None:
    silent = [holding.name for holding in personal.holdings() if not holding.told and not holding.why_untold]
    assert silent == []
    names = [holding.name for holding in personal.holdings()]
    assert len(names) == len(set(names))


@pytest.fixture(autouse=True)
def no_notice(settings: Any) -> None:
    """Rows are made by sign-ins without a page, which cannot mail about a new browser."""
    settings.FEATURES = replace(settings.FEATURES, new_device_notice=False)


@pytest.fixture
def house(db: None, client: Browser) -> House:
    user = User.objects.create_user("ada", "ada@example.com", PASSWORD, name="Ada Lovelace", phone_number="+44 1")
    EmailAddress.objects.create(user=user, email="ada@example.com", verified=True, primary=True)
    Picture.objects.give(user, b"\xff\xd8\xffpicture", user.date_joined)
    sign_in(client)
    prove(client)
    house = furnish(user)
    prove_second_step(client)
    return house


def exported(browser: Browser) -> dict[str, Any]:
    answer = browser.post(EXPORT)
    assert answer.status_code == 200
    document: dict[str, Any] = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    return document


def test_it_holds_what_is_stored_and_nothing_secret(house: House, client: Browser) -> None:
    answer = client.post(EXPORT)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="account.json"'
    assert answer.headers["Content-Type"] == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    document = json.loads(text)
    assert document["subject"] == str(house.user.pk)
    assert document["account"][0]["name"] == "Ada Lovelace"
    assert document["email_addresses"] == [{"email": "ada@example.com", "verified": True, "primary": True}]
    assert document["consents"][0]["application__client_id"] == house.client.client_id
    assert document["second_steps"][0]["type"] == "totp"
    assert document["your_applications"][0]["name"] == "Field notes"
    assert document["picture"][0]["body"] == "/9j/cGljdHVyZQ=="
    assert {event["name"] for event in document["activity"]} >= {"person:session:started"}
    assert len(document["sign_ins"]) == 2
    for canary in (*house.canaries, house.user.password):
        assert canary not in text


def test_it_holds_nothing_of_anybody_else(house: House, client: Browser) -> None:
    other, browser = person("bob"), Browser()
    sign_in(browser, "bob")
    prove(browser)
    document = exported(browser)
    assert document["subject"] == str(other.pk)
    for name in ("consents", "accesses", "your_applications", "second_steps", "picture", "renewals"):
        assert document[name] == []
    assert "Lovelace" not in json.dumps(document)


@pytest.mark.django_db
def test_it_takes_a_fresh_proof_and_is_told_by_mail_and_in_the_log(client: Browser) -> None:
    person()
    sign_in(client)
    assert "/account/reauthenticate/" in client.post(EXPORT).headers["Location"]
    assert client.get(EXPORT).status_code == 405
    prove(client)
    exported(client)
    assert mail.outbox[-1].subject == "Your data was downloaded"
    event = AuditEvent.objects.filter(name="person:account:changed").latest("pk")
    assert event.facts == {"change": "account:data:exported"}


def test_a_long_history_is_written_row_by_row(house: House, client: Browser) -> None:
    event = AuditEvent.objects.filter(user=str(house.user.pk)).first()
    assert event
    AuditEvent.objects.bulk_create(
        AuditEvent(name="token:request:issued", at=event.at, result="success", user=event.user) for _ in range(2_000)
    )
    pieces = list(client.post(EXPORT).streaming_content)  # type: ignore[attr-defined]
    assert max(map(len, pieces)) < 5_000
    assert len(json.loads(b"".join(pieces))["activity"]) > 2_000
