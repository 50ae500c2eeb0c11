"""OAuth 2.0 Multiple Response Type Encoding Practices §2.1: query and fragment, errors alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.front_channel import Browser, answer, location
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("mode", "mark"), [("query", "?"), ("fragment", "#")])
def test_the_answer_travels_where_it_was_asked_to(
    app: Party, browser: Browser, allowed: Callable[..., None], mode: str, mark: str
) -> None:
    """§2.1: each part once, and nowhere else."""
    allowed()
    sent = browser.authorize(app, response_mode=mode)
    assert sent.status_code == 303
    assert location(sent).startswith(f"{REDIRECT}{mark}")
    assert set(answer(sent, mode)) == {"code", "state", "iss"}


@pytest.mark.parametrize(("mode", "mark"), [("query", "?"), ("fragment", "#")])
def test_an_error_travels_the_same_way(app: Party, browser: Browser, mode: str, mark: str) -> None:
    """§2.1; OpenID Connect Core §3.1.2.6."""
    sent = browser.authorize(app, response_mode=mode, prompt="none")
    assert location(sent).startswith(f"{REDIRECT}{mark}")
    assert answer(sent, mode)["error"] == "login_required"


def test_code_goes_by_query_unless_asked_otherwise(
    app: Party, browser: Browser, allowed: Callable[..., None]
) -> None:
    """§3: the default of response_type code."""
    allowed()
    assert location(browser.authorize(app)).startswith(f"{REDIRECT}?")
