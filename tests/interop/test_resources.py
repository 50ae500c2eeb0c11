"""4, 16, 17 and 18 of the interoperability list: whom an access token is for, and what it says to whom it is for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.live import EMAIL, Live, live_server
from tests.support.live_party import BACK, VERIFIER, Party, header, payload
from tests.support.person import Person

JAVA, GATEWAY, BROKER = "https://java.example/api", "https://gateway.example", "urn:broker:one"
BOTH = "https://both.example"
RESOURCES = {
    JAVA: {"access_token_typ": "JWT"},
    GATEWAY: {"access_token_claims": ["email", "email_verified", "name"]},
    BOTH: {"access_token_typ": "JWT", "access_token_claims": ["email"]},
    "https://*.tools.example/mcp": {"any_client": True},
    "https://closed.tools.example/mcp": {},
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    file: Path = tmp_path_factory.mktemp("resources") / "resources.json"
    file.write_text(json.dumps(RESOURCES))
    with live_server(RESOURCES=str(file)) as server:
        yield server


@pytest.fixture(scope="module")
def service(live: Live) -> Iterator[Party]:
    registration = live.client(
        grant_types=["client_credentials"],
        scope="read:all topic:*/write a.b/c",
        audience=[JAVA, GATEWAY, BROKER],
    )
    party = Party(live, registration)
    yield party
    party.web.close()


@pytest.fixture(scope="module")
def app(live: Live) -> Iterator[Party]:
    registration = live.client(
        redirect_uris=[BACK], grant_types=["authorization_code", "refresh_token"], audience=[JAVA, GATEWAY]
    )
    party = Party(live, registration)
    yield party
    party.web.close()


def ask(party: Party, **form: Any) -> dict[str, Any]:
    answer: dict[str, Any] = party.post("/oauth/token", grant_type="client_credentials", **form).json()
    return answer


def test_4_the_type_follows_the_resource(service: Party) -> None:
    """4: JWT where all that the token is for want it, at+jwt otherwise (RFC 9068 §2.1)."""
    assert header(ask(service, resource=JAVA)["access_token"])["typ"] == "JWT"
    for resource in (BROKER, [JAVA, BROKER]):
        assert header(ask(service, resource=resource)["access_token"])["typ"] == "at+jwt"


def test_16_the_audience_is_the_operators_or_what_was_asked_for(service: Party) -> None:
    """16: any identifier; scopes may contain : * / and a dot."""
    token = ask(service, scope="read:all topic:*/write a.b/c")
    assert payload(token["access_token"])["aud"] == [JAVA, GATEWAY, BROKER]
    assert set(token["scope"].split()) == {"read:all", "topic:*/write", "a.b/c"}
    assert payload(ask(service, resource=BROKER)["access_token"])["aud"] == BROKER


def test_17_a_resource_that_a_pattern_names_is_open_to_any_client(service: Party, app: Party, person: Person) -> None:
    """17: then aud is exactly that (RFC 8707 §2), in every grant."""
    tool = "https://files.tools.example/mcp"
    assert payload(ask(service, resource=tool)["access_token"])["aud"] == tool
    tokens = app.sign_in(person, "openid offline_access", resource=tool, prompt="consent")
    assert payload(tokens["access_token"])["aud"] == tool
    fresh = app.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"], resource=tool)
    assert payload(fresh.json()["access_token"])["aud"] == tool


@pytest.mark.parametrize(
    "resource",
    ["https://payroll.example", "https://closed.tools.example/mcp", "https://a.tools.example/other",
     "https://a/b.tools.example/mcp", "https://evil.example/?x=.tools.example/mcp", "https://.tools.example/mcp"],
)  # fmt: skip
def test_17_any_other_is_refused(service: Party, app: Party, person: Person, resource: str) -> None:
    """17: invalid_target (RFC 8707 §2), at both endpoints."""
    assert ask(service, resource=resource)["error"] == "invalid_target"
    back = person.go(app.authorize("openid", resource=resource), BACK)
    assert parse_qs(urlsplit(back).query)["error"] == ["invalid_target"]


def test_17_a_code_for_the_clients_own_audience_may_be_narrowed(app: Party, person: Person) -> None:
    """RFC 8707 §2.2: to one of them, never beyond."""

    def redeem(resource: str) -> dict[str, Any]:
        code = parse_qs(urlsplit(person.go(app.authorize("openid"), BACK)).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
        answer: dict[str, Any] = app.post("/oauth/token", **form, resource=resource).json()
        return answer

    assert payload(redeem(JAVA)["access_token"])["aud"] == JAVA
    assert redeem("https://files.tools.example/mcp")["error"] == "invalid_target"


def test_18_a_gateway_finds_the_address_of_the_person_in_its_token(app: Party, person: Person) -> None:
    """18: only in a token for it alone, only under the scope that covers it (Core §5.4)."""

    def claims(scope: str, **more: str) -> dict[str, Any]:
        return payload(app.sign_in(person, scope, **more)["access_token"])

    said = claims("openid email", resource=GATEWAY)
    assert (said["email"], said["email_verified"], "name" in said) == (EMAIL, True, False)
    assert claims("openid email profile", resource=GATEWAY)["name"] == "Alice Example"
    for silent in (claims("openid", resource=GATEWAY), claims("openid email", resource=JAVA), claims("openid email")):
        assert not {"email", "name"} & silent.keys()


def test_18_and_4_userinfo_beside_the_resource_changes_nothing(live: Live, person: Person) -> None:
    """The audience that an operator gave stands beside userinfo when openid is asked for; what the API wants, it gets."""
    party = Party(live, live.client(redirect_uris=[BACK], audience=[BOTH]))
    token = party.sign_in(person, "openid email")["access_token"]
    party.web.close()
    assert payload(token)["aud"] == [BOTH, live.metadata()["userinfo_endpoint"]]
    assert (header(token)["typ"], payload(token)["email"]) == ("JWT", EMAIL)


def test_18_a_client_that_asks_for_itself_has_no_address(service: Party) -> None:
    """RFC 9068 §2.2: there is no person."""
    assert "email" not in payload(ask(service, resource=GATEWAY)["access_token"])
