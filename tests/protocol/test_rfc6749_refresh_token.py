"""RFC 6749 §6, RFC 9700 §4.14, OpenID Connect Core §12: refresh tokens rotate, and a replay ends the family."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from joserfc import jws

from identity.models import LoginSession, TrustedBrowser, User
from oauth_server.models import AuditEvent, Consent, RefreshToken, TokenFamily
from tests.support.parties import BASE, Party

pytestmark = pytest.mark.django_db

Redeem = Callable[..., dict[str, Any]]


def refresh(party: Party, token: str, **more: str) -> tuple[int, dict[str, Any]]:
    answer = party.post("/oauth/token", grant_type="refresh_token", refresh_token=token, **more)
    return answer.status_code, answer.json()


def test_each_refresh_gives_a_new_pair(app: Party, redeem: Redeem) -> None:
    """RFC 9700 §4.14.2, interop 19; the client is Authlib's."""
    first = redeem(app)
    with app.session(token=first) as session:
        second = session.refresh_token(f"{BASE}/oauth/token", refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert app.introspect(second["access_token"])["active"] is True


def test_a_refreshed_id_token_tells_of_the_same_sign_in(app: Party, redeem: Redeem) -> None:
    """OpenID Connect Core §12.2: same iss, sub, aud and auth_time; a new iat; no nonce is needed."""
    first = redeem(app)
    _, second = refresh(app, first["refresh_token"])

    def claims(token: dict[str, Any]) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(jws.extract_compact(token["id_token"].encode()).payload)
        return payload

    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert claims(first)[name] == claims(second)[name]


@pytest.mark.parametrize("generations", [1, 2, 10])
def test_the_replay_of_an_old_generation_ends_the_family(app: Party, redeem: Redeem, generations: int) -> None:
    """RFC 9700 §4.14.2, scorecard R-05; the event is recorded as suspicious."""
    tokens = [redeem(app)]
    for _ in range(generations):
        status, answer = refresh(app, tokens[-1]["refresh_token"])
        assert status == 200
        tokens.append(answer)
    status, error = refresh(app, tokens[0]["refresh_token"])
    assert (status, error["error"]) == (400, "invalid_grant")
    assert refresh(app, tokens[-1]["refresh_token"])[1]["error"] == "invalid_grant"
    assert app.introspect(tokens[-1]["access_token"]) == {"active": False}
    assert AuditEvent.objects.get(name="token:refresh:reused").suspicious


def test_the_owner_hears_of_a_replay_once_and_is_asked_for_the_second_step_again(app: Party, redeem: Redeem) -> None:
    """RFC 9700 §4.14.2: somebody may have copied it. Further replays of a grant that is over are no news."""
    first = redeem(app)
    owner = User.objects.get()
    User.objects.give_email(owner, owner.email, verified=True)
    TrustedBrowser.objects.create(
        user=owner, digest="d", sid="s", created=timezone.now(), last_used=timezone.now(), expires=timezone.now()
    )
    _, second = refresh(app, first["refresh_token"])
    mail.outbox.clear()
    for _ in range(3):
        refresh(app, first["refresh_token"])
        refresh(app, second["refresh_token"])
    (message,) = mail.outbox
    assert message.to == [owner.email]
    assert re.fullmatch(r"The access of \S.* was ended", message.subject)
    assert "used twice" in str(message.body)
    assert not TrustedBrowser.objects.exists()


def test_a_mail_that_cannot_be_written_keeps_no_access_alive(app: Party, redeem: Redeem, settings: Any) -> None:
    """An operator's own template may be broken; the family ends all the same."""
    first = redeem(app)
    owner = User.objects.get()
    User.objects.give_email(owner, owner.email, verified=True)
    _, second = refresh(app, first["refresh_token"])
    settings.EMAIL_BACKEND = "nowhere.Backend"
    assert refresh(app, first["refresh_token"])[1]["error"] == "invalid_grant"
    assert app.introspect(second["access_token"]) == {"active": False}


@pytest.mark.parametrize("why", ["off", "claimed"])
def test_nobody_is_mailed_where_it_is_off_or_the_address_is_only_claimed(
    app: Party, redeem: Redeem, settings: Any, why: str
) -> None:
    """Whoever only claims an address must not have its owner told about strangers."""
    if why == "off":
        settings.FEATURES = replace(settings.FEATURES, reuse_alarm=False)
    first = redeem(app)
    owner = User.objects.get()
    User.objects.give_email(owner, owner.email, verified=why == "off")
    refresh(app, first["refresh_token"])
    mail.outbox.clear()
    assert refresh(app, first["refresh_token"])[1]["error"] == "invalid_grant"
    assert mail.outbox == []


def test_another_clients_replay_does_not_end_the_family(
    app: Party, make_client: Callable[..., Party], redeem: Redeem
) -> None:
    """Scorecard R-05, RFC 6749 §6: bound to its client."""
    other = make_client()
    first = redeem(app)
    assert refresh(other, first["refresh_token"])[1]["error"] == "invalid_grant"
    _, second = refresh(app, first["refresh_token"])
    assert refresh(other, first["refresh_token"])[1]["error"] == "invalid_grant"
    assert refresh(app, second["refresh_token"])[0] == 200


def test_a_refresh_may_narrow_the_scope_and_never_widen_it(app: Party, redeem: Redeem) -> None:
    """RFC 6749 §6: the new refresh token keeps the scope of the old one; a refused request spends nothing."""
    first = redeem(app, "openid profile email offline_access")
    assert refresh(app, first["refresh_token"], scope="openid phone")[1]["error"] == "invalid_scope"
    status, second = refresh(app, first["refresh_token"], scope="openid")
    assert (status, second["scope"]) == (200, "openid")
    _, third = refresh(app, second["refresh_token"])
    assert set(third["scope"].split()) == {"openid", "profile", "email", "offline_access"}


def test_the_absolute_life_is_not_extended_by_refreshing(app: Party, redeem: Redeem) -> None:
    """RFC 9700 §4.14.2."""
    first = redeem(app)
    TokenFamily.objects.update(expires=timezone.now() + timedelta(seconds=5))
    _, second = refresh(app, first["refresh_token"])
    assert second["expires_in"] <= 5
    assert RefreshToken.objects.get(used_at=None).expires <= timezone.now() + timedelta(seconds=5)


def test_an_idle_token_expires(app: Party, redeem: Redeem) -> None:
    """RFC 9700 §4.14.2: refresh tokens should expire when unused for a time."""
    first = redeem(app)
    RefreshToken.objects.update(expires=timezone.now())
    assert refresh(app, first["refresh_token"])[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("end", ["person", "sign-in", "consent", "family", "client"])
def test_nothing_lives_when_what_it_hangs_on_has_ended(
    app: Party, redeem: Redeem, person: User, end: str, django_capture_on_commit_callbacks: Any
) -> None:
    """Scorecard R-06, design rule 4: person, sign-in, consent, family and client are asked at every use."""
    now = timezone.now()
    consent = Consent.objects.create(
        user=person, application_id=app.registered.pk, scope="openid", created=now, updated=now,
        expires=now + timedelta(days=1),
    )  # fmt: skip
    token = redeem(app, consent_id=consent.pk)
    match end:
        case "person":
            User.objects.update(is_active=False)
        case "sign-in":
            LoginSession.objects.update(ended_at=now)
        case "consent":
            Consent.objects.update(revoked_at=now)
        case "family":
            TokenFamily.objects.update(revoked_at=now)
        case "client":
            call_command("disable_client", app.client_id, verbosity=0)
    status, error = refresh(app, token["refresh_token"])
    assert error["error"] in {"invalid_grant", "invalid_client"}
    assert status in {400, 401}
    if end != "client":
        assert app.introspect(token["access_token"]) == {"active": False}


@pytest.fixture
def grace(settings: Any) -> None:
    settings.LIFETIMES = replace(settings.LIFETIMES, refresh_retry_grace=10)


def test_a_lost_answer_may_be_asked_again_within_the_grace(app: Party, redeem: Redeem, grace: None) -> None:
    """RFC 9700 §4.14.2 leaves room for a retry; scorecard R-04: the same successor, digests only at rest."""
    first = redeem(app)
    _, second = refresh(app, first["refresh_token"])
    status, again = refresh(app, first["refresh_token"])
    assert status == 200
    assert again["refresh_token"] == second["refresh_token"]
    assert RefreshToken.objects.filter(used_at=None).count() == 1
    assert second["refresh_token"] not in str(list(RefreshToken.objects.values()))


def test_the_grace_ends_with_the_first_use_of_the_successor(app: Party, redeem: Redeem, grace: None) -> None:
    """DOT #1617: an older generation is no lost answer."""
    first = redeem(app)
    _, second = refresh(app, first["refresh_token"])
    refresh(app, second["refresh_token"])
    assert refresh(app, first["refresh_token"])[1]["error"] == "invalid_grant"
    assert not TokenFamily.objects.filter(revoked_at=None).exists()


def test_the_grace_does_not_bring_back_what_was_revoked(app: Party, redeem: Redeem, grace: None) -> None:
    """DOT #1816."""
    first = redeem(app)
    _, second = refresh(app, first["refresh_token"])
    app.post("/oauth/revoke", token=second["refresh_token"])
    assert refresh(app, first["refresh_token"])[1]["error"] == "invalid_grant"


def test_the_grace_ends_with_time(app: Party, redeem: Redeem, grace: None) -> None:
    """Scorecard R-04: documented, bounded."""
    first = redeem(app)
    refresh(app, first["refresh_token"])
    RefreshToken.objects.exclude(used_at=None).update(used_at=timezone.now() - timedelta(seconds=11))
    assert refresh(app, first["refresh_token"])[1]["error"] == "invalid_grant"
