"""What other people's clients need, behaviour by behaviour; the numbers are those of the project's interoperability list.

Most are here, to the letter of the protocol. Beside them, with real clients or a server of their own:

- 3, 6, 7, 11, 15, 19, 20, 21: ``test_relying_parties``, ``test_node_sites``, ``test_oidc_client_ts`` and ``test_mod_auth_openidc``
- 4, 16, 17, 18: ``test_resources``, what an operator says of an API
- 10, 11: ``test_private_network``; the guard itself is in ``tests/attacks/test_ssrf.py``
- 13, 14: ``test_python`` (django-oauth-toolkit as a resource server), ``test_relying_parties`` (Flask-OIDC), ``test_mod_auth_openidc``
"""

from __future__ import annotations

import base64
import http.client
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import httpx2
import pytest

from tests.support.live import Live, live_server
from tests.support.live_party import BACK, Party, header, payload
from tests.support.person import Person

LEFT = "http://127.0.0.1:25900/left"
ORIGIN = "https://page.example"
JAVA_ACCEPT = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


@pytest.fixture(scope="module")
def parties(live: Live) -> Iterator[dict[str, Party]]:
    """Every client of these tests."""
    code = {
        "redirect_uris": [BACK],
        "post_logout_redirect_uris": [LEFT],
        "grant_types": ["authorization_code", "refresh_token"],
    }
    service: dict[str, Any] = {"grant_types": ["client_credentials"], "scope": "notes:read notes:write mail/*.read"}
    registrations: dict[str, dict[str, Any]] = {
        "app": code,
        "claims": code | {"id_token_claims": True},
        "no pkce": code | {"profile": "openid"},
        "es256": code | {"id_token_signed_response_alg": "ES256"},
        "service": service,
        "opaque": service | {"access_token_format": "opaque"},
        "typ JWT": service | {"access_token_typ": "JWT"},
        "broker": {"grant_types": ["client_credentials"], "introspects": ["*"]},
        "stranger": {"grant_types": ["client_credentials"]},
        "odd": service | {"client_id": "odd client:1", "client_secret": "p%ss+w/rd =&?:" + 40 * "x"},
        "plain": service | {"client_id": "plain", "client_secret": "plain-secret_" + 40 * "x"},
    }
    made = {name: Party(live, answer) for name, answer in live.clients(**registrations).items()}
    yield made
    for party in made.values():
        party.web.close()


@pytest.mark.parametrize("token", ["nonsense", ""])
def test_1_revocation_answers_without_text(parties: dict[str, Party], token: str) -> None:
    """1: 200 with no Content-Type, or with JSON."""
    party = parties["service"]
    value = token or party.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    answer = party.post("/oauth/revoke", token=value)
    assert answer.status_code == 200
    assert answer.headers.get("Content-Type", "application/json") == "application/json"


@pytest.mark.parametrize("accept", [JAVA_ACCEPT, "text/html", "application/xml", "image/png;q=0"])
@pytest.mark.parametrize("path", ["token", "revoke", "introspect", "userinfo"])
def test_2_answers_are_json_whatever_accept_says(parties: dict[str, Party], path: str, accept: str) -> None:
    """2: no content negotiation."""
    for answer in (
        parties["service"].post(
            f"/oauth/{path}", headers={"Accept": accept}, grant_type="client_credentials", token="x"
        ),
        parties["service"].web.post(f"/oauth/{path}", headers={"Accept": accept}),
    ):
        assert answer.headers["Content-Type"] == "application/json", answer.text
        answer.json()


def test_3_claims_in_the_id_token_by_registration(parties: dict[str, Party], person: Person) -> None:
    """3: per client, off by default (Core §5.4)."""
    assert "email" not in payload(parties["app"].sign_in(person)["id_token"])
    claims = payload(parties["claims"].sign_in(person)["id_token"])
    assert (claims["name"], claims["email"]) == ("Alice Example", "alice@people.example")


def test_4_the_type_of_a_jwt_access_token(parties: dict[str, Party]) -> None:
    """4: at+jwt, and JWT where registered."""
    for name, typ in (("service", "at+jwt"), ("typ JWT", "JWT")):
        token = parties[name].post("/oauth/token", grant_type="client_credentials").json()["access_token"]
        assert header(token)["typ"] == typ


def test_5_registration_ignores_what_does_not_apply(live: Live) -> None:
    """5: nothing is fetched, nothing that is not used fails."""
    answer = live.client(
        redirect_uris=[BACK],
        token_endpoint_auth_method="client_secret_basic",
        token_endpoint_auth_signing_alg="XX999",
        default_max_age=100,
        response_modes=["query"],
        jwks_uri="https://unreachable.invalid/jwks",
        software_statement_hint="x",
        request_object_signing_alg="none",
    )
    assert answer["client_id"]


def test_5_what_is_asked_for_and_supported_is_done(live: Live, person: Person) -> None:
    """5: userinfo_signed_response_alg gives a signed userinfo (Core §5.3.2)."""
    registration = live.client(redirect_uris=[BACK], userinfo_signed_response_alg="RS256")
    assert registration["userinfo_signed_response_alg"] == "RS256"
    party = Party(live, registration)
    tokens = party.sign_in(person)
    answer = party.web.get("/oauth/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    party.web.close()
    assert answer.headers["Content-Type"] == "application/jwt"
    assert payload(answer.text)["aud"] == party.id


def test_6_pkce_may_be_left_out_by_profile_alone(parties: dict[str, Party], person: Person) -> None:
    """6: profile openid; never silently."""
    assert parties["no pkce"].sign_in(person, code_challenge="", code_challenge_method="")["id_token"]
    back = person.go(parties["app"].authorize(code_challenge="", code_challenge_method=""), BACK)
    assert parse_qs(urlsplit(back).query)["error"] == ["invalid_request"]


def test_7_the_algorithm_of_id_tokens(parties: dict[str, Party], person: Person) -> None:
    """7: RS256 unless registered otherwise; access tokens are ES256."""
    for name, alg in (("app", "RS256"), ("es256", "ES256")):
        tokens = parties[name].sign_in(person)
        assert header(tokens["id_token"])["alg"] == alg
        assert header(tokens["access_token"])["alg"] == "ES256"


def test_8_iat_is_never_in_the_future(parties: dict[str, Party], person: Person) -> None:
    """8: not by a second."""
    for _ in range(5):
        token = parties["service"].post("/oauth/token", grant_type="client_credentials").json()["access_token"]
        assert payload(token)["iat"] <= time.time()
    tokens = parties["app"].sign_in(person)
    claims = payload(tokens["id_token"])
    assert claims["iat"] <= time.time()
    assert claims["auth_time"] <= claims["iat"]


def test_9_scope_is_the_granted_set(parties: dict[str, Party], person: Person) -> None:
    """9: the same set as asked for; a scope with odd characters survives."""
    asked = "email openid profile"
    assert set(parties["app"].sign_in(person, asked)["scope"].split()) == set(asked.split())
    answer = parties["service"].post("/oauth/token", grant_type="client_credentials", scope="mail/*.read notes:read")
    assert set(answer.json()["scope"].split()) == {"mail/*.read", "notes:read"}


CORS = [
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/oauth/jwks"),
    ("POST", "/oauth/token"),
    ("GET", "/oauth/userinfo"),
    ("POST", "/oauth/userinfo"),
    ("POST", "/oauth/revoke"),
]


@pytest.mark.parametrize(("method", "path"), CORS)
def test_12_pages_of_other_origins_may_call(parties: dict[str, Party], method: str, path: str) -> None:
    """12: errors included, and OPTIONS with Authorization. OpenID Connect Core §5.3, OpenID Connect Discovery §3."""
    web = parties["app"].web
    answer = web.request(method, path, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] in {"*", ORIGIN}
    preflight = web.options(
        path,
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert preflight.status_code in {200, 204}
    assert preflight.headers["Access-Control-Allow-Origin"] in {"*", ORIGIN}
    assert method in preflight.headers["Access-Control-Allow-Methods"]
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()


def test_12_never_the_authorization_endpoint(parties: dict[str, Party]) -> None:
    """12: a page must not read what a person's browser is told there."""
    answer = parties["app"].web.get(parties["app"].authorize(), headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("owner", ["service", "opaque"])
def test_13_another_client_may_introspect_if_the_operator_says_so(parties: dict[str, Party], owner: str) -> None:
    """13: a bare client-credentials client; a stranger learns nothing."""
    token = parties[owner].post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert parties["broker"].post("/oauth/introspect", token=token).json()["active"] is True
    assert parties["stranger"].post("/oauth/introspect", token=token).json() == {"active": False}


def test_14_what_introspection_says(parties: dict[str, Party], person: Person) -> None:
    """14: the members that mail servers and gateways read."""
    tokens = parties["app"].sign_in(person)
    seen = parties["broker"].post("/oauth/introspect", token=tokens["access_token"]).json()
    assert {"client_id", "sub", "scope", "aud", "iss", "exp", "iat"} <= seen.keys()
    assert seen["username"] == "alice"


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", " ", "gth_at_x", "{}", "'; --", "A" * 5_000, "a.b.c.d.e"])
def test_14_any_other_string_is_inactive(parties: dict[str, Party], token: str) -> None:
    """14: 200 and nothing else."""
    answer = parties["broker"].post("/oauth/introspect", token=token)
    assert (answer.status_code, answer.json()) == (200, {"active": False})


def _raw(live: Live, authorization: str, content_type: str) -> int:
    """A request with exactly these headers and no Accept."""
    parts = urlsplit(live.issuer)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    connection.putrequest("POST", f"{parts.path}/oauth/token", skip_accept_encoding=True)
    body = b"grant_type=client_credentials"
    for name, value in (
        ("Authorization", authorization),
        ("Content-Type", content_type),
        ("Content-Length", len(body)),
    ):
        connection.putheader(name, str(value))
    connection.endheaders(body)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "Application/X-WWW-Form-Urlencoded",
    ],
)
@pytest.mark.parametrize(("name", "encode"), [("odd", True), ("plain", True), ("plain", False)])
def test_15_basic_credentials_encoded_or_raw(
    live: Live, parties: dict[str, Party], name: str, encode: bool, content_type: str
) -> None:
    """15: percent-encoded (RFC 6749 §2.3.1), and raw where that makes no difference; no Accept header."""
    party = parties[name]
    pair = (party.id, party.secret)
    text = ":".join(quote_plus(part) for part in pair) if encode else ":".join(pair)
    assert _raw(live, "Basic " + base64.b64encode(text.encode()).decode(), content_type) == 200


def test_19_offline_access_gives_a_refresh_token_and_each_refresh_a_new_access_token(
    parties: dict[str, Party], person: Person
) -> None:
    """19: with prompt=consent (Core §11)."""
    party = parties["app"]
    tokens = party.sign_in(person, "openid offline_access", prompt="consent")
    seen = {tokens["access_token"]}
    for _ in range(3):
        tokens = party.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
        assert tokens["access_token"] not in seen
        seen.add(tokens["access_token"])
    assert "refresh_token" not in party.sign_in(person, "openid", prompt="consent")


@pytest.mark.parametrize("with_client_id", [True, False])
def test_20_end_session_returns_to_the_application(
    parties: dict[str, Party], person: Person, *, with_client_id: bool
) -> None:
    """20: id_token_hint, post_logout_redirect_uri and state, with and without client_id."""
    party = parties["app"]
    tokens = party.sign_in(person)
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": LEFT, "state": "bye bye"}
    if with_client_id:
        query["client_id"] = party.id
    end = f"{party.live.issuer}/oauth/logout?{urlencode(query)}"
    left = person.go(end, LEFT)
    assert parse_qs(urlsplit(left).query) == {"state": ["bye bye"]}
    asked = person.pressed.count("id_submit")
    party.sign_in(person)
    assert person.pressed.count("id_submit") == asked + 1


def test_20_end_session_with_nothing_ends_on_a_page_that_says_so(parties: dict[str, Party], person: Person) -> None:
    """20: no parameter at all, signed in or not."""
    parties["app"].sign_in(person)
    for _ in range(2):
        person.go(f"{parties['app'].live.issuer}/oauth/logout")
        assert person.page.status_code == 200
        assert "signed out" in person.page.text.lower()


def test_21_prompt_none_is_silent_and_its_errors_carry_iss_and_state(parties: dict[str, Party], person: Person) -> None:
    """21: a top-level redirect."""
    party = parties["app"]
    refused = parse_qs(urlsplit(person.go(party.authorize(prompt="none"), BACK, press=())).query)
    assert (refused["error"], refused["iss"], refused["state"]) == (["login_required"], [party.live.issuer], ["s t"])
    party.sign_in(person)
    pressed = len(person.pressed)
    allowed = parse_qs(urlsplit(person.go(party.authorize(prompt="none"), BACK, press=())).query)
    assert allowed["code"]
    assert (allowed["iss"], allowed["state"], len(person.pressed)) == ([party.live.issuer], ["s t"], pressed)


def test_22_keys_are_published_before_they_sign(live: Live, parties: dict[str, Party]) -> None:
    """22: a rotation announces its successors; tokens go on with the key that everybody has cached."""
    before = {key["kid"] for key in parties["service"].web.get("/oauth/jwks").json()["keys"]}
    token = parties["service"].post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert header(token)["kid"] in before
    live.manage("rotate_keys")
    time.sleep(1)  # the server looks for what others changed once a second
    token = parties["service"].post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert header(token)["kid"] in before


@pytest.fixture(scope="module")
def with_a_path() -> Iterator[Live]:
    with live_server(path="/tenant/one") as server:
        yield server


def test_23_discovery_at_the_root(live: Live) -> None:
    """23: both documents of an issuer without a path."""
    for name in ("openid-configuration", "oauth-authorization-server"):
        assert httpx2.get(f"{live.issuer}/.well-known/{name}").json()["issuer"] == live.issuer


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_23_discovery_of_an_issuer_with_a_path(with_a_path: Live, name: str) -> None:
    """23: OpenID Connect appends (Discovery §4), RFC 8414 §3.1 inserts; clients try both, and what they say must answer."""
    root = with_a_path.issuer.removesuffix("/tenant/one")
    for address in (f"{with_a_path.issuer}/.well-known/{name}", f"{root}/.well-known/{name}/tenant/one"):
        answer = httpx2.get(address)
        assert answer.status_code == 200, address
        document = answer.json()
        assert document["issuer"] == with_a_path.issuer
        assert httpx2.get(document["jwks_uri"]).json()["keys"]
        assert httpx2.post(document["token_endpoint"]).status_code == 415


def test_23_static_files_under_a_path(with_a_path: Live) -> None:
    """23: nothing of the server is needed outside the path but the well-known documents."""
    page = httpx2.get(f"{with_a_path.issuer}/account/login/")
    found = set(re.findall(r'(?:href|src)="(/[^"]*\.(?:css|js|svg|woff2))', page.text))
    assert found
    for address in found:
        assert address.startswith("/tenant/one/"), address
        assert httpx2.get(with_a_path.issuer.removesuffix("/tenant/one") + address).status_code == 200, address


def test_23_a_flow_under_a_path(with_a_path: Live, person: Person) -> None:
    """23: every page and redirect keeps the path."""
    party = Party(with_a_path, with_a_path.client(redirect_uris=[BACK]))
    tokens = party.sign_in(person)
    party.web.close()
    assert payload(tokens["id_token"])["iss"] == with_a_path.issuer


def test_24_token_type(parties: dict[str, Party]) -> None:
    """24: Bearer where nothing is bound."""
    answer = parties["service"].post("/oauth/token", grant_type="client_credentials").json()
    assert answer["token_type"] == "Bearer"
