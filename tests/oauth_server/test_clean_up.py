"""Clean-up takes what nobody can use any more, in batches that cost the same in a large table (scorecard K-12)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from oauth_server.models import AuthorizationCode, RefreshToken, RevokedToken, TokenFamily
from oauth_server.models.clean_up import RULES, Rule, delete_batch
from oauth_server.tokens.tasks import sweep
from tests.support.parties import Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]
# Tables with a row or two for each client or for each newcomer, and none for each request.
SMALL = {"initial_access_tokens", "unused_clients", "client_secrets", "invitations"}


def test_every_dead_row_goes_and_no_other() -> None:
    """However many batches it takes, and however many rows end at the same moment."""
    now = timezone.now()
    for number in range(25):
        RevokedToken.objects.add(f"dead-{number}", now - timedelta(seconds=number // 10))
    RevokedToken.objects.add("alive", now + timedelta(seconds=1))
    with override_settings(LIMITS=settings.LIMITS.__class__(clean_up_batch=4)):
        assert sweep(now, pause=0)["revoked_tokens"] == 25
    assert RevokedToken.objects.get().jti == "alive"


def test_a_batch_begins_where_the_one_before_it_ended() -> None:
    """Else each would walk again over all that were deleted and are not vacuumed yet."""
    now = timezone.now()
    for number in range(6):
        RevokedToken.objects.add(f"dead-{number}", now - timedelta(seconds=10 - number))
    rule = next(rule for rule in RULES if rule.name == "revoked_tokens")
    count, after = delete_batch(rule, now, 3)
    assert (count, after) == (3, now - timedelta(seconds=8))
    with CaptureQueriesContext(connection) as captured:
        assert delete_batch(rule, now, 3, after)[0] == 3
    assert re.search(r'"expires" >= .+ORDER BY .+ LIMIT 3', captured[0]["sql"])


def test_tokens_go_with_their_family(app: Party, redeem: Redeem) -> None:
    """A generation that was spent stays as long as its family, so that its replay is seen (RFC 9700 §4.14.2)."""
    app.post("/oauth/token", grant_type="refresh_token", refresh_token=redeem(app)["refresh_token"])
    idle = timezone.now() + timedelta(seconds=settings.LIFETIMES.refresh_token_idle + 1)
    assert sweep(idle)["refresh_tokens"] == 0
    ended = timezone.now() + timedelta(seconds=settings.LIFETIMES.refresh_token + 1)
    swept = sweep(ended)
    assert (swept["refresh_tokens"], swept["token_families"], swept["authorization_codes"]) == (2, 1, 0)
    assert not RefreshToken.objects.exists()
    assert not TokenFamily.objects.exists()


def test_a_spent_code_stays_a_day_so_that_a_late_replay_ends_what_it_issued(app: Party, redeem: Redeem) -> None:
    """RFC 6749 §4.1.2."""
    redeem(app)
    assert sweep(timezone.now() + timedelta(hours=23))["authorization_codes"] == 0
    assert AuthorizationCode.objects.exists()
    assert sweep(timezone.now() + timedelta(hours=25))["authorization_codes"] == 1


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.name not in SMALL], ids=lambda rule: rule.name)
def test_a_batch_is_found_by_an_index(rule: Rule) -> None:
    """A scan of ten million rows for a thousand dead ones would be felt by everybody."""
    now = timezone.now()
    dead = rule.model._default_manager.filter(rule.dead(now)).order_by(rule.by).values_list("pk", rule.by)[:1_000]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The tables of a test are empty, and reading them whole is what suits them.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        sql, parameters = dead.query.sql_with_params()
        explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        cursor.execute(explain + sql, parameters)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert not re.search(r"Seq Scan|Sort|SCAN (?!.*USING)|TEMP B-TREE", plan), plan
