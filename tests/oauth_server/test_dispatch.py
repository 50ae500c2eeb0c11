"""What comes after what, without a database: the one pure decision of the front channel."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from identity.models import LoginSession
from oauth_server.authorize.dispatch import AskConsent, Login, Refuse, Respond, SelectAccount, next_step
from oauth_server.authorize.prompts import PROMPTS, REASONS
from oauth_server.authorize.request import AuthorizeRequest
from oauth_server.models import Consent, Interaction

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ME, YOU = uuid.uuid4(), uuid.uuid4()
REQUEST = AuthorizeRequest(
    client_id="c", redirect_uri="https://app.example/cb", redirect_uri_given=True, response_type="code", response_mode="query",
    scope=("openid",), state="s", nonce="", code_challenge="", code_challenge_method="", prompt=(), max_age=None, login_hint="",
    hinted_subject="", display="", ui_locales=(), claims_locales=(), acr_values=(), resource=(),
)  # fmt: skip
CLIENT: Any = SimpleNamespace(
    skip_authorization=False, is_public=False, application_type="web", sector=None, minimum_acr=""
)
ALLOWED = Consent(scope="openid email", updated=NOW - timedelta(days=3))


def session(user: uuid.UUID = ME, ago: int = 600) -> LoginSession:
    return LoginSession(sid="sid", user_id=user, auth_time=NOW - timedelta(seconds=ago))


def progress(ago: int = 60, **done: Any) -> Interaction:
    return Interaction(created=NOW - timedelta(seconds=ago), **done)


def ask(
    client: Any = CLIENT,
    who: LoginSession | None = None,
    before: Consent | None = ALLOWED,
    at: Interaction | None = None,
    **changed: Any,
) -> Any:
    return next_step(replace(REQUEST, **changed), client, who, before, at, NOW)


@pytest.mark.parametrize(
    ("changed", "step"),
    [
        ({}, Login),
        ({"who": session()}, Respond),
        ({"who": session(), "before": None}, AskConsent),
        ({"who": session(), "scope": ("openid", "phone")}, AskConsent),
        ({"who": session(), "prompt": ("consent",)}, AskConsent),
        ({"who": session(), "prompt": ("consent",), "at": progress(consented_by=ME)}, Respond),
        ({"who": session(), "prompt": ("consent",), "at": progress(consented_by=YOU)}, AskConsent),
        ({"who": session(), "prompt": ("login",)}, Login),
        ({"who": session(), "prompt": ("login",), "at": progress()}, Login),
        ({"who": session(ago=30), "prompt": ("login",), "at": progress()}, Respond),
        ({"who": session(), "max_age": 600}, Respond),
        ({"who": session(), "max_age": 599}, Login),
        ({"who": session(ago=30), "max_age": 0, "at": progress()}, Respond),
        ({"who": session(), "prompt": ("select_account",)}, SelectAccount),
        ({"who": session(), "prompt": ("select_account",), "at": progress(account_selected_at=NOW)}, Respond),
        ({"who": session(ago=30), "prompt": ("select_account",), "at": progress()}, Respond),
        (
            {
                "who": session(ago=10),
                "prompt": ("select_account",),
                "at": progress(account_selected_at=NOW - timedelta(seconds=20)),
            },
            SelectAccount,
        ),
        ({"who": session(), "hinted_subject": str(ME)}, Respond),
        ({"who": session(), "hinted_subject": str(YOU)}, Login),
        ({"who": session(ago=30), "hinted_subject": str(YOU), "at": progress()}, Refuse),
        ({"who": session(), "prompt": ("login", "consent", "select_account")}, Login),
    ],
)
def test_the_first_reason_that_applies_decides(changed: dict[str, Any], step: type) -> None:
    """OpenID Connect Core §3.1.2.1 to §3.1.2.4."""
    assert isinstance(ask(**changed), step)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({}, "login_required"),
        ({"who": session(), "max_age": 1}, "login_required"),
        ({"who": session(), "hinted_subject": str(YOU)}, "login_required"),
        ({"who": session(), "before": None}, "consent_required"),
        ({"who": session(), "scope": ("openid", "phone")}, "consent_required"),
    ],
)
def test_prompt_none_refuses_where_another_request_asks(changed: dict[str, Any], error: str) -> None:
    """OpenID Connect Core §3.1.2.6."""
    step = ask(prompt=("none",), **changed)
    assert isinstance(step, Refuse)
    assert step.error.error == error


@pytest.mark.parametrize(
    ("redirect_uri", "application_type", "is_public", "agreed", "step"),
    [
        ("https://app.example/cb", "native", True, -3, Respond),
        ("com.example.app:/cb", "native", True, 0, AskConsent),
        ("http://127.0.0.1:5000/cb", "native", True, 0, AskConsent),
        ("http://127.0.0.1:5000/cb", "native", False, -3, Respond),
        ("http://localhost:3000/cb", "web", True, -3, AskConsent),
        ("http://localhost:3000/cb", "web", True, 0, Respond),
    ],
)
def test_a_client_that_anybody_on_the_device_can_be_is_asked_about_each_time(
    redirect_uri: str, application_type: str, is_public: bool, agreed: int, step: type
) -> None:
    """RFC 8252 §8.6; a page under development may go on within the sign-in in which the person agreed."""
    client = SimpleNamespace(
        skip_authorization=False, is_public=is_public, application_type=application_type, minimum_acr=""
    )
    before = Consent(scope="openid", updated=NOW + timedelta(days=agreed))
    assert isinstance(ask(client, session(), before, redirect_uri=redirect_uri), step)


def test_every_reason_has_a_name_of_its_own_and_a_section() -> None:
    assert len({reason.name for reason in REASONS}) == len(REASONS)
    assert all("§" in reason.source for reason in REASONS)
    assert set(PROMPTS) == {"none", "login", "consent", "select_account"}


def test_a_stored_request_comes_back_as_it_was() -> None:
    asked = replace(REQUEST, prompt=("login", "consent"), max_age=0, ui_locales=("uk", "en"))
    assert AuthorizeRequest.from_json(json.loads(json.dumps(asked.to_json()))) == asked
