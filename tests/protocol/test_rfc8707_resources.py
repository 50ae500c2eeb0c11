"""RFC 8707: resource indicators decide the audience."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.parties import BASE, Code, Party

pytestmark = pytest.mark.django_db

ONE, TWO = "https://one.example", "https://two.example"


@pytest.fixture
def service(make_client: Callable[..., Party]) -> Party:
    return make_client(grant_types=["client_credentials"], scope="api", audience=[ONE, TWO])


def ask(party: Party, *resources: str, **form: Any) -> tuple[int, dict[str, Any]]:
    answer = party.post("/oauth/token", resource=list(resources), **form)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("resources", [(ONE,), (TWO,), (ONE, TWO)])
def test_the_audience_is_exactly_what_was_asked_for(service: Party, resources: tuple[str, ...]) -> None:
    """RFC 8707 §2.2."""
    _, token = ask(service, *resources, grant_type="client_credentials")
    audience = service.introspect(token["access_token"])["aud"]
    assert audience == (resources[0] if len(resources) == 1 else list(resources))


@pytest.mark.parametrize("resource", ["https://payroll.example", "one.example", f"{ONE}#x", f"{ONE}/", "x:y:["])
def test_a_resource_that_is_not_the_clients_is_refused(service: Party, resource: str) -> None:
    """RFC 8707 §2: invalid_target; CVE-2026-67332."""
    status, error = ask(service, resource, grant_type="client_credentials")
    assert (status, error["error"]) == (400, "invalid_target")


def test_a_code_gives_only_the_resources_it_was_given_for(
    make_client: Callable[..., Party], make_code: Callable[..., Code]
) -> None:
    """RFC 8707 §2.2: the token request may narrow, and never widen."""
    app = make_client(audience=[ONE, TWO])

    def redeem(*resources: str) -> tuple[int, dict[str, Any]]:
        code = make_code(app, resource=(ONE,))
        return ask(app, *resources, grant_type="authorization_code", code=code.value, code_verifier=code.verifier)

    assert redeem(TWO)[1]["error"] == "invalid_target"
    status, token = redeem(ONE)
    assert (status, app.introspect(token["access_token"])["aud"]) == (200, ONE)
    assert app.introspect(redeem()[1]["access_token"])["aud"] == ONE


@pytest.mark.parametrize("access_token_format", ["jwt", "opaque"])
def test_a_code_for_no_resource_in_particular_may_be_narrowed_too(
    make_client: Callable[..., Party], make_code: Callable[..., Code], access_token_format: str
) -> None:
    """RFC 8707 §2.2: out of the default audience, at the code and at each refresh; nothing else."""
    app = make_client(audience=[ONE, TWO], access_token_format=access_token_format, always_issue_refresh_token=True)
    userinfo = f"{BASE}/oauth/userinfo"
    code = make_code(app, scope="openid")
    first = ask(app, ONE, grant_type="authorization_code", code=code.value, code_verifier=code.verifier)[1]
    assert app.introspect(first["access_token"])["aud"] == ONE

    def refresh(token: dict[str, Any], *resources: str) -> tuple[int, dict[str, Any]]:
        return ask(app, *resources, grant_type="refresh_token", refresh_token=token["refresh_token"])

    second = refresh(first)[1]
    assert app.introspect(second["access_token"])["aud"] == [ONE, TWO, userinfo]
    third = refresh(second, TWO, userinfo)[1]
    assert app.introspect(third["access_token"])["aud"] == [TWO, userinfo]
    assert refresh(third, "https://payroll.example")[1]["error"] == "invalid_target"
