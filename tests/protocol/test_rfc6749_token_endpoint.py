"""RFC 6749 §3.2, §4.4, §5: the token endpoint."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.parties import BASE, Http, Party

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

pytestmark = pytest.mark.django_db


def test_a_confidential_client_gets_a_token_for_itself(service: Party) -> None:
    """RFC 6749 §4.4.3, §5.1."""
    with service.session() as session:
        token = session.fetch_token(f"{BASE}/oauth/token", grant_type="client_credentials", scope="api:read")
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 600
    assert token["scope"] == "api:read"
    assert "refresh_token" not in token  # §4.4.3
    assert service.introspect(token["access_token"])["sub"] == service.client_id


def test_an_absent_scope_means_all_that_the_client_may_ask_for(service: Party) -> None:
    """RFC 6749 §3.3."""
    answer = service.post("/oauth/token", grant_type="client_credentials").json()
    assert set(answer["scope"].split()) == {"api:read", "api:write"}


@pytest.mark.parametrize("scope", ["api:admin", "api:read api:admin", "openid", "offline_access"])
def test_a_client_cannot_ask_for_a_scope_that_is_not_its_own(service: Party, scope: str) -> None:
    """RFC 6749 §5.2, CVE-2024-52287; the scopes of people are never a client's own."""
    answer = service.post("/oauth/token", grant_type="client_credentials", scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_every_answer_forbids_caching(service: Party) -> None:
    """RFC 6749 §5.1, §5.2. OpenID Connect Core §3.1.3.3."""
    for form in ({"grant_type": "client_credentials"}, {"grant_type": "nonsense"}):
        answer = service.post("/oauth/token", **form)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "FOO"])
def test_only_post_is_answered(method: str) -> None:
    """RFC 6749 §3.2."""
    answer = Http().request(method, "/oauth/token")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"grant_type":"client_credentials"}', {"Content-Type": "application/json"}, 415),
        (b"grant_type=client_credentials", {}, 415),
        (b"grant_type=client_credentials", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-16"}, 415),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM, 400),
        (b"grant_type=client_credentials&x=%00", FORM, 400),
        (b"grant_type=client_credentials&x=%ff", FORM, 400),
        (b"grant_type=client_credentials&x=%ed%a0%80", FORM, 400),
        (b"grant_type=client_credentials&x=%zz", FORM, 400),
        (b"grant_type=client_credentials&x=" + b"a" * 100_000, FORM, 400),
        (b"&".join(b"p%d=1" % n for n in range(200)), FORM, 400),
        (b"grant_type=", FORM, 400),
        (b"", FORM, 400),
    ],
)
def test_a_malformed_request_is_refused_in_the_standards_words(
    service: Party, body: bytes, headers: dict[str, str], status: int
) -> None:
    """RFC 6749 §3.2: no parameter twice; an empty one counts as absent (§3.1)."""
    answer = service.http.post("/oauth/token", content=body, headers=headers, auth=service.basic)
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_request"


def test_the_form_media_type_may_name_utf8(service: Party) -> None:
    """RFC 6749 appendix B; interop 15."""
    answer = service.http.post(
        "/oauth/token",
        content=b"grant_type=client_credentials",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
        auth=service.basic,
    )
    assert answer.status_code == 200


def test_unknown_parameters_are_ignored(service: Party) -> None:
    """RFC 6749 §3.2."""
    assert service.post("/oauth/token", grant_type="client_credentials", foo="bar").status_code == 200


@pytest.mark.parametrize("grant_type", ["password", "urn:ietf:params:oauth:grant-type:device_code", "implicit", "x"])
def test_a_grant_that_is_not_offered_is_unsupported(service: Party, grant_type: str) -> None:
    """RFC 6749 §5.2. RFC 9700 §2.4."""
    answer = service.post("/oauth/token", grant_type=grant_type)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_a_grant_that_the_client_did_not_register_is_refused(app: Party) -> None:
    """RFC 6749 §5.2."""
    answer = app.post("/oauth/token", grant_type="client_credentials")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_a_failed_authentication_is_401_with_a_challenge(service: Party) -> None:
    """RFC 6749 §5.2."""
    answer = service.http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(service.client_id, "wrong")
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_credentials_in_the_query_do_not_count(service: Party) -> None:
    """RFC 6749 §2.3.1."""
    query = {"client_id": service.client_id, "client_secret": service.secret}
    answer = service.http.post("/oauth/token", params=query, data={"grant_type": "client_credentials"})
    assert answer.status_code == 401


def test_the_answer_is_json_whatever_accept_says(service: Party) -> None:
    """Interop 2: Java's client sends Accept: text/html."""
    answer = service.http.post(
        "/oauth/token",
        data={"grant_type": "nonsense"},
        auth=service.basic,
        headers={"Accept": "text/html, image/gif, image/jpeg, */*; q=.2"},
    )
    assert answer.headers["content-type"] == "application/json"


def test_a_page_of_another_origin_may_ask_and_read_the_error(service: Party) -> None:
    """Interop 12: CORS, errors included; no cookie is involved."""
    preflight = service.http.options(
        "/oauth/token",
        headers={"Origin": "https://spa.example", "Access-Control-Request-Headers": "authorization",
                 "Access-Control-Request-Method": "POST"},
    )  # fmt: skip
    assert preflight.status_code == 204
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    answer = service.http.post("/oauth/token", data={}, headers={"Origin": "https://spa.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_an_opaque_token_is_for_the_client_that_registered_it(make_client: Callable[..., Party]) -> None:
    """RFC 6749 §1.4: the format is the server's choice, here the client's."""
    party = make_client(grant_types=["client_credentials"], scope="api", access_token_format="opaque")
    token = party.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert token.startswith("gth_at_")
    assert party.introspect(token)["active"] is True
    assert party.introspect(token[:-1])["active"] is False  # CVE-2026-27840
    assert party.introspect(token.swapcase())["active"] is False
