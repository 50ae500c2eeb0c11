"""No secret reaches a log, whoever wrote the line (design rule 10)."""

import io
import json
import logging
from typing import Any

import pytest
import structlog
from django.test import Client

from identity.models import User
from oauth_server.audit import context
from oauth_server.settings.logging import logging_config
from oauth_server.settings.redaction import MASK, redact, redact_text

CANARY = "c4n4ryc4n4ryc4n4ryc4n4ry"


@pytest.mark.parametrize(
    "text",
    [
        f"gth_at_{CANARY}",
        f"token gth_rt_{CANARY} was reused",
        f"Authorization: Bearer {CANARY}",
        f"Authorization: Basic {CANARY}==",
        f"authorization: dpop {CANARY}",
        f"POST /oauth/token grant_type=authorization_code&code={CANARY}&x=1",
        f"GET /?client_secret={CANARY} HTTP/1.1",
        f"client_assertion={CANARY}",
        f"{{'password': '{CANARY}'}}",
        f'{{"refresh_token": "{CANARY}", "x": 1}}',
        f"Gone: /account/invitation/{CANARY}/",
        f"postgres://gatehouse:{CANARY}@db/gatehouse",
        f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.{CANARY}",
        f"Cookie: gatehouse_session={CANARY}; code={CANARY}".replace("gatehouse_session", "cookie"),
    ],
)
def test_secrets_in_running_text_are_masked(text: str) -> None:
    assert CANARY not in redact_text(text)


def test_what_is_no_secret_stays_readable() -> None:
    text = "token:refresh:reused client_id=demo scope=openid status=400 error_code=invalid_grant"
    assert redact_text(text) == text
    assert redact({"status": 400, "client_id": "demo", "nothing": None}) == {
        "status": 400,
        "client_id": "demo",
        "nothing": None,
    }


@pytest.mark.parametrize("name", ["client_secret", "Authorization", "code-verifier", "token"])
def test_a_field_with_a_secret_name_is_masked_whatever_it_holds(name: str) -> None:
    assert redact({"outer": [{name: CANARY}]}) == {"outer": [{name: MASK}]}


@pytest.fixture
def lines() -> Any:
    """A logger configured as in production, and what it printed."""
    config = logging_config("debug", "json")
    formatter = config["formatters"]["structured"]
    handler = logging.StreamHandler(out := io.StringIO())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        )
    )
    logger = logging.getLogger("test.redaction")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield logger, lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.propagate = True


def test_a_line_of_any_library_is_json_with_the_requests_name_and_without_secrets(lines: Any) -> None:
    logger, printed = lines
    context.enter(context.RequestContext("request-7", "192.0.2.7"))
    try:
        logger.warning("refused code=%s", CANARY, extra={"refresh_token": CANARY, "request": object()})
    finally:
        context.enter(context.RequestContext())
    (line,) = printed()
    assert line["event"] == f"refused code={MASK}"
    assert line["refresh_token"] == MASK
    assert line["request_id"] == "request-7"
    assert line["level"] == "warning"
    assert "request" not in line


def test_a_traceback_is_searched_too(lines: Any) -> None:
    logger, printed = lines
    try:
        raise ValueError(f"bad token gth_ac_{CANARY}")
    except ValueError:
        logger.exception("failed")
    (line,) = printed()
    assert "ValueError" in line["exception"]
    assert CANARY not in line["exception"]


def test_a_structlog_line_passes_the_same_steps(lines: Any) -> None:
    _, printed = lines
    structlog.get_logger("test.redaction").info("issued", access_token=CANARY, client_id="demo")
    (line,) = printed()
    assert line["access_token"] == MASK
    assert line["client_id"] == "demo"


@pytest.mark.django_db
def test_a_page_that_somebody_may_not_see_is_one_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A traceback says that something broke; nothing did."""
    person = User.objects.create_user("ada", "ada@example.com", "correct horse battery")
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    with caplog.at_level("WARNING", "django.request"):
        assert client.get("/admin/", follow=True).status_code == 403
    told = [record for record in caplog.records if record.name == "django.request"]
    assert told
    assert not [record for record in told if record.exc_info]
