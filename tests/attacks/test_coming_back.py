"""What was ended does not come back by what was on its way (CVE-2026-8922, CVE-2025-64521)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client as Http
from django.urls import reverse
from django.utils import timezone

from identity.models import User
from oauth_server.clients import registry
from oauth_server.models import Client, Consent, TokenFamily
from oauth_server.tokens import standing
from oauth_server.tokens.revoke import withdraw_consent
from tests.support.operators import furnish, operator, signed_in
from tests.support.operators import person as developer
from tests.support.parties import Code, Party

pytestmark = pytest.mark.django_db


def _redeem(app: Party, code: Code) -> Any:
    return app.post("/oauth/token", grant_type="authorization_code", code=code.value, code_verifier=code.verifier)


def test_a_code_of_before_the_cut_is_worth_nothing(app: Party, make_code: Callable[..., Code]) -> None:
    code = make_code(app)
    call_command("revoke", client=app.client_id)
    assert _redeem(app, code).json()["error"] == "invalid_grant"
    assert _redeem(app, make_code(app)).status_code == 200


@pytest.mark.parametrize("cut", [{"tokens_not_before": True}, {"is_active": False}], ids=str)
def test_a_code_does_not_outlive_the_cut_in_a_process_that_has_not_heard_of_it(
    cut: dict[str, bool], app: Party, make_code: Callable[..., Code]
) -> None:
    """R-06: a process knows a client as it was a second ago, and the family would be younger than the cut."""
    code, other = make_code(app), make_code(app)
    assert _redeem(app, other).status_code == 200  # the client is in the cache
    # Not by ``cut_off``, which tells this process.
    now = timezone.now()
    Client.objects.update(**{column: now if value else value for column, value in cut.items()})
    refused = _redeem(app, code)
    assert refused.json()["error"] == "invalid_grant"
    assert TokenFamily.objects.count() == 1


def test_a_client_that_was_disabled_and_enabled_has_no_code_left(app: Party, make_code: Callable[..., Code]) -> None:
    code = make_code(app)
    standing.disable_client(app.client_id, timezone.now())
    standing.enable_client(app.client_id)
    assert _redeem(app, code).json()["error"] == "invalid_grant"


def test_a_code_of_a_person_whose_tokens_were_revoked_is_worth_nothing(
    app: Party, make_code: Callable[..., Code], person: User
) -> None:
    code = make_code(app)
    call_command("revoke", user=person.username)
    assert _redeem(app, code).json()["error"] == "invalid_grant"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_yes_that_meets_a_withdrawal_brings_nothing_back(app: Party, person: User) -> None:
    """R-06: what was allowed before is read and written by two statements, and the withdrawal commits between them."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory knows no second connection")
    now, client = timezone.now(), app.registered.pk
    later = now + timedelta(days=1)
    former = Consent.objects.remember(person.pk, client, frozenset({"openid", "email"}), now, later)

    def agree() -> None:
        Consent.objects.remember(person.pk, client, frozenset({"openid"}), now, later)
        connection.close()

    yes = threading.Thread(target=agree)
    with transaction.atomic():
        withdraw_consent(former.pk, now, "withdrawn by the person")
        yes.start()
        with connection.cursor() as cursor:
            while yes.is_alive():
                cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
                if cursor.fetchone():
                    break
    yes.join()
    assert Consent.objects.get(revoked_at=None).scope == "openid"


def _by_admin(client: Client) -> None:
    chosen = {"action": "disable", "_selected_action": [str(client.pk)], "index": "0"}
    assert signed_in(operator()).post(reverse("admin:oauth_server_client_changelist"), chosen).status_code == 302


def _by_command(client: Client) -> None:
    call_command("disable_client", client.client_id)


@pytest.mark.parametrize("disable", [_by_admin, _by_command])
def test_a_developer_who_disables_first_cannot_enable_what_an_operator_disabled(
    disable: Callable[[Client], None],
) -> None:
    """The operator's act changed nothing and left no trace, so the developer undid it afterwards."""
    owner = developer()
    house, theirs = furnish(owner), signed_in(owner)

    def standing_after(address: str) -> bool:
        assert isinstance(theirs, Http)
        theirs.post(reverse(address, args=[house.client.pk]))
        seen = registry.get(house.client.client_id)
        assert seen is not None
        return seen.is_active

    assert not standing_after("portal_disable")
    disable(house.client)
    assert not standing_after("portal_enable")
