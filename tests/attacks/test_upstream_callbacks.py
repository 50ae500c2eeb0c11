"""Answers that were not asked for: other browsers, other providers, twice, or while the provider was taken away (RFC 9700 §4.4, §4.7)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from identity.models import LoginSession, Upstream
from tests.identity.test_upstream_sign_in import link
from tests.support.people import person
from tests.support.upstream import Provider, Traveller, connect, provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(there: Provider) -> Any:
    connect(there)
    user = person("ada")
    link(user, there)
    return user


def refused(response: Any) -> bool:
    return response.status_code in {400, 404} and LoginSession.objects.count() == 0


def test_an_answer_that_another_browser_brings_is_refused(there: Provider, ada: Any) -> None:
    """Login CSRF (GHSA-fg6f-75jq-6523, CVE-2025-68158): the attacker's answer in the victim's browser signs nobody in."""
    attacker = Traveller()
    answer = there.approve(attacker.go())
    assert refused(Traveller().come_back(answer))
    # It was not spent: the browser that asked may still bring it.
    assert attacker.come_back(answer).status_code == 302


def test_an_answer_counts_once(there: Provider, ada: Any) -> None:
    traveller = Traveller()
    answer = there.approve(traveller.go())
    assert traveller.come_back(answer).status_code == 302
    LoginSession.objects.all().delete()
    assert refused(traveller.come_back(answer))


@pytest.mark.parametrize("state", ["", "x", "\0", "a" * 5_000])
def test_a_state_of_nobody_is_refused(there: Provider, ada: Any, state: str) -> None:
    traveller = Traveller()
    answer = there.approve(traveller.go())
    assert refused(traveller.come_back({**answer, "state": state}))


def test_a_parameter_that_comes_twice_is_refused(there: Provider, ada: Any) -> None:
    """RFC 6749 §3.1: two parsers that read two codes are two requests."""
    traveller = Traveller()
    answer = there.approve(traveller.go())
    for name, value in answer.items():
        query = "&".join(f"{key}={text}" for key, text in [*answer.items(), (name, value)])
        assert refused(traveller.browser.get(f"/account/login/with/there/callback/?{query}"))


def test_a_stolen_code_in_a_fresh_question_is_refused(there: Provider, ada: Any) -> None:
    """Code injection (RFC 9700 §4.5): PKCE binds the code to the question it answers, and the nonce the ID token."""
    victim, attacker = Traveller(), Traveller()
    stolen = there.approve(victim.go())["code"]
    attacker.go()
    assert refused(attacker.come_back({"code": stolen, "state": attacker.asked["state"], "iss": there.issuer}))


@pytest.mark.parametrize("iss", ["", "https://evil.example", "http://127.0.0.1"])
def test_an_answer_that_names_another_issuer_or_none_is_refused_before_the_code_goes_anywhere(
    there: Provider, ada: Any, iss: str
) -> None:
    """Mix-up (RFC 9207 §2.4, RFC 9700 §4.4)."""
    traveller = Traveller()
    answer = there.approve(traveller.go())
    given = {name: value for name, value in {**answer, "iss": iss}.items() if value}
    assert refused(traveller.come_back(given))
    assert "/token" not in [path for path, _, _ in there.asked]


def test_an_error_from_another_issuer_is_not_believed_either(there: Provider, ada: Any) -> None:
    """RFC 9207 §2.4 speaks of error responses too."""
    traveller = Traveller()
    traveller.go()
    response = traveller.come_back(
        {"error": "access_denied", "state": traveller.asked["state"], "iss": "https://evil.example"}
    )
    assert b"cancelled" not in response.content
    assert refused(response)


def test_an_honest_provider_s_code_never_reaches_a_dishonest_one(there: Provider, ada: Any) -> None:
    """Mix-up with two providers: each has its own redirect URI, and a state belongs to one of them."""
    with provider() as evil:
        evil.mischief.document = lambda document: {
            **document,
            # It sends the browser on to the honest provider, and waits for the code at its own token endpoint.
            "authorization_endpoint": f"{there.issuer}/authorize",
            "authorization_response_iss_parameter_supported": False,
        }
        connect(evil, "evil")
        traveller = Traveller()
        answer = there.approve(traveller.go("evil"))
        assert traveller.asked["redirect_uri"].endswith("/with/evil/callback/")
        # With the honest provider's iss it is refused at the dishonest one's address …
        assert refused(traveller.come_back(answer, "evil"))
        # … and the state of one is unknown at the other.
        traveller.go("evil")
        assert refused(traveller.come_back({**answer, "state": traveller.asked["state"]}, "there"))
        assert "/token" not in [path for path, _, _ in evil.asked]


def test_one_provider_cannot_speak_for_another(there: Provider, ada: Any) -> None:
    """ASVS 6.8.1: the same subject at another provider is another person."""
    with provider() as other:
        connect(other, "other")
        response = Traveller().sign_in(other, "other", sub="ada-there")
        assert response.headers["Location"] == "/account/login/newcomer/"
        other.mischief.claims = lambda claims: {**claims, "iss": there.issuer}
        assert refused(Traveller().sign_in(other, "other", sub="ada-there"))


def test_a_discovery_document_of_somebody_else_is_refused(there: Provider, ada: Any) -> None:
    """Discovery §4.3."""
    there.mischief.document = lambda document: {**document, "issuer": "https://evil.example"}
    assert Traveller().browser.post("/account/login/with/there/").status_code == 502


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"client_id": "another"}, {"issuer": "https://another.example"}]
)
def test_a_provider_that_was_taken_away_or_changed_meanwhile_opens_nothing(
    there: Provider, ada: Any, change: dict[str, Any]
) -> None:
    """CVE-2025-64717, CVE-2026-2603: a deactivated provider still signed people in."""
    traveller = Traveller()
    answer = there.approve(traveller.go())
    Upstream.objects.update(**change)
    assert refused(traveller.come_back(answer))
    assert "/token" not in [path for path, _, _ in there.asked]


def test_no_page_elsewhere_can_begin_a_sign_in(there: Provider, ada: Any) -> None:
    """A GET begins nothing, and a POST needs our form's token."""
    browser = Browser(enforce_csrf_checks=True)
    response = browser.get("/account/login/with/there/")
    assert (response.status_code, response.headers["Location"]) == (302, "/account/login/")
    assert browser.post("/account/login/with/there/").status_code == 403
    assert browser.post("/account/login/organisation/", {"email": "ada@there.example"}).status_code == 403
    assert "socialaccount_states" not in browser.session


def test_who_was_signed_in_stays_so_until_the_new_sign_in_is_complete(there: Provider, ada: Any) -> None:
    """CVE-2023-6787: a sign-in anew that is cancelled or fails leaves everything as it was."""
    traveller = Traveller()
    assert traveller.sign_in(there).status_code == 302
    [before] = LoginSession.objects.values("sid", "auth_time", "ended_at")
    traveller.go(query="?prompt=login")
    response = traveller.come_back({"error": "access_denied", "state": traveller.asked["state"], "iss": there.issuer})
    assert response.status_code == 400
    assert list(LoginSession.objects.values("sid", "auth_time", "ended_at")) == [before]
    assert traveller.browser.get("/account/").status_code == 200


def test_who_must_prove_anew_is_not_let_through_by_an_old_sign_in_there(there: Provider, ada: Any) -> None:
    """Core §3.1.2.1: the provider was told prompt=login and max_age=0, and its auth_time shows whether it asked."""
    for claims in ({"auth_time": 1_000_000_000}, {}):
        response = Traveller().sign_in(there, query="?prompt=login", **claims)
        assert response.status_code == 400
        assert b"did not ask you again" in response.content.replace(b"&#x27;", b"'")
    assert LoginSession.objects.count() == 0


def test_answers_that_were_invented_make_us_ask_the_provider_only_so_often(there: Provider, ada: Any) -> None:
    """Design rule 6: a stranger cannot use us to flood somebody else's token endpoint."""
    browser = Traveller()
    statuses = []
    for _ in range(105):
        browser.go()
        statuses.append(
            browser.come_back({"code": "made up", "state": browser.asked["state"], "iss": there.issuer}).status_code
        )
    assert statuses[:100] == [400] * 100
    assert statuses[-1] == 429
    assert [path for path, _, _ in there.asked].count("/token") == 100


def test_an_endpoint_inside_is_never_reached(there: Provider, ada: Any, settings: Any) -> None:
    """SSRF: what a discovery document names is fetched through the guard like everything else."""
    traveller = Traveller()
    answer = there.approve(traveller.go())
    settings.OUTBOUND_ALLOW = []
    assert traveller.come_back(answer).status_code == 502
    assert "/token" not in [path for path, _, _ in there.asked]
