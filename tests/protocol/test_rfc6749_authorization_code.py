"""RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 9700 §2.1: a code becomes tokens once, for its client alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from authlib.common.security import generate_token
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server.models import AuditEvent, AuthorizationCode, TokenFamily
from tests.support.parties import BASE, Code, Party

pytestmark = pytest.mark.django_db


def exchange(party: Party, code: Code, **changes: str | None) -> tuple[int, dict[str, str]]:
    form = {"grant_type": "authorization_code", "code": code.value, "redirect_uri": code.redirect_uri,
            "code_verifier": code.verifier} | changes  # fmt: skip
    answer = party.post("/oauth/token", **{name: value for name, value in form.items() if value is not None})
    return answer.status_code, answer.json()


def test_a_code_becomes_tokens(app: Party, make_code: Callable[..., Code], person: User) -> None:
    """RFC 6749 §4.1.4, OpenID Connect Core §3.1.3.3; the client is Authlib's."""
    code = make_code(app)
    with app.session() as session:
        token = session.fetch_token(f"{BASE}/oauth/token", code=code.value, code_verifier=code.verifier)
    assert set(token) >= {"access_token", "refresh_token", "id_token", "token_type", "expires_in", "scope"}
    assert set(token["scope"].split()) == {"openid", "profile", "offline_access"}
    known = app.introspect(token["access_token"])
    assert (known["active"], known["sub"], known["username"]) == (True, str(person.pk), "olena")


def test_a_code_works_once_and_its_replay_ends_what_it_issued(app: Party, make_code: Callable[..., Code]) -> None:
    """RFC 6749 §4.1.2, §10.5: a replay after the storm window revokes the tokens, and is recorded."""
    code = make_code(app)
    _, token = exchange(app, code)
    AuthorizationCode.objects.update(used_at=timezone.now() - timedelta(seconds=3))
    status, error = exchange(app, code)
    assert (status, error["error"]) == (400, "invalid_grant")
    assert app.introspect(token["access_token"]) == {"active": False}
    assert app.introspect(token["refresh_token"]) == {"active": False}
    assert AuditEvent.objects.get(name="token:code:replayed").facts == {"revoked": True}


def test_a_retry_within_the_window_leaves_the_first_answer_alone(app: Party, make_code: Callable[..., Code]) -> None:
    """Scorecard R-03: a client's own second request raced its first."""
    code = make_code(app)
    _, token = exchange(app, code)
    assert exchange(app, code)[0] == 400
    assert app.introspect(token["access_token"])["active"] is True


def test_another_clients_try_neither_spends_nor_revokes(
    app: Party, make_client: Callable[..., Party], make_code: Callable[..., Code]
) -> None:
    """RFC 6749 §4.1.3, §5.2; CVE-2026-55672."""
    other = make_client()
    code = make_code(app)
    assert exchange(other, code)[1]["error"] == "invalid_grant"
    status, token = exchange(app, code)
    assert status == 200
    AuthorizationCode.objects.update(used_at=timezone.now() - timedelta(seconds=60))
    assert exchange(other, code)[1]["error"] == "invalid_grant"
    assert app.introspect(token["access_token"])["active"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://app.example/other"},
        {"redirect_uri": "https://APP.example/callback"},
        {"code_verifier": "A" * 43},
        {"code_verifier": None},
        {"code_verifier": "short"},
        {"code_verifier": "é" * 43},
    ],
)
def test_what_came_with_the_code_must_fit_and_a_wrong_try_burns_it(
    app: Party, make_code: Callable[..., Code], changes: dict[str, str | None]
) -> None:
    """RFC 6749 §4.1.3, RFC 7636 §4.6 (CVE-2023-48228): a code that was shown with a wrong proof has leaked.

    OpenID Connect Core §3.1.3.2.
    """
    code = make_code(app)
    status, error = exchange(app, code, **changes)
    assert (status, error["error"]) == (400, "invalid_grant")
    assert exchange(app, code)[0] == 400


def test_a_verifier_without_a_challenge_is_a_downgrade(
    make_client: Callable[..., Party], make_code: Callable[..., Code]
) -> None:
    """RFC 9700 §2.1.1 and §4.8.2, CVE-2024-23647."""
    party = make_client(profile="openid")
    code = make_code(party, code_challenge="", code_challenge_method="")
    assert exchange(party, code)[1]["error"] == "invalid_grant"
    code = make_code(party, code_challenge="", code_challenge_method="")
    assert exchange(party, code, code_verifier=None)[0] == 200


def test_the_openid_profile_repeats_its_redirect_uri(
    make_client: Callable[..., Party], make_code: Callable[..., Code]
) -> None:
    """RFC 6749 §4.1.3; OAuth 2.1 §4.1.3 drops the parameter, and so does the profile oauth21."""
    party, modern = make_client(profile="openid"), make_client()
    assert exchange(party, make_code(party), redirect_uri=None)[1]["error"] == "invalid_request"
    assert exchange(modern, make_code(modern), redirect_uri=None)[0] == 200


def test_an_expired_code_is_refused_at_once(app: Party, make_code: Callable[..., Code]) -> None:
    """RFC 6749 §4.1.2; no sweep is needed (CVE-2025-64708). OpenID Connect Core §16.9."""
    code = make_code(app, now=timezone.now() - timedelta(seconds=61))
    assert exchange(app, code)[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("value", ["x", "gth_ac_" + "0" * 49, "gth_at_" + "0" * 49, "é", "' OR 1=1 --"])
def test_a_made_up_code_is_refused(app: Party, value: str) -> None:
    """RFC 6749 §5.2."""
    assert exchange(app, Code(value, generate_token(48)))[1]["error"] == "invalid_grant"


def test_a_disabled_person_cannot_redeem(app: Party, make_code: Callable[..., Code], person: User) -> None:
    """Scorecard R-06, design rule 4."""
    code = make_code(app)
    User.objects.update(is_active=False)
    assert exchange(app, code)[1]["error"] == "invalid_grant"
    assert not TokenFamily.objects.exists()


def test_an_ended_sign_in_cannot_redeem(app: Party, make_code: Callable[..., Code]) -> None:
    """Scorecard R-06, design rule 4."""
    code = make_code(app)
    LoginSession.objects.update(ended_at=timezone.now())
    assert exchange(app, code)[1]["error"] == "invalid_grant"


def test_no_refresh_token_without_offline_access(app: Party, redeem: Callable[..., dict[str, str]]) -> None:
    """OpenID Connect Core §11; RFC 9700 §4.14: only where it is asked for."""
    assert "refresh_token" not in redeem(app, "openid profile")


def test_a_client_setting_gives_refresh_tokens_always(
    make_client: Callable[..., Party], redeem: Callable[..., dict[str, str]]
) -> None:
    """RFC 6749 §1.5: at the server's discretion."""
    assert "refresh_token" in redeem(make_client(always_issue_refresh_token=True), "openid profile")


def test_plain_oauth_gets_no_id_token(app: Party, redeem: Callable[..., dict[str, str]]) -> None:
    """OpenID Connect Core §3.1.2.1: without openid it is no OpenID request."""
    assert "id_token" not in redeem(app, "profile")


def test_the_code_is_nowhere_in_the_database(app: Party, make_code: Callable[..., Code]) -> None:
    """Scorecard L-02."""
    code = make_code(app)
    row = AuthorizationCode.objects.values().get()
    assert code.value not in str(row)
    assert isinstance(row["family"], uuid.UUID)
