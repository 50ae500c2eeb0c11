"""RFC 6749 §3.1 and §4.1: the authorization endpoint of OAuth 2.0, with RFC 7636 and RFC 9700 where they bind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server.audit.record import flush
from oauth_server.clients import registry
from oauth_server.models import AuditEvent, AuthorizationCode, Client, Consent, Participation, StateVersion, freshness
from tests.support.front_channel import (
    CHALLENGE,
    Browser,
    answer,
    exchange,
    location,
    page,
    request_of,
)
from tests.support.parties import REDIRECT, Party

pytestmark = pytest.mark.django_db


def test_authlib_makes_a_request_that_is_understood(app: Party, browser: Browser, person: User) -> None:
    """§4.1.1, as another library writes it."""
    url, state = app.session(scope="openid email").create_authorization_url("/oauth/authorize", code_verifier="v" * 43)
    members = answer(browser.walk(browser.http.get(url), person))
    assert members["state"] == state
    assert members["code"].startswith("gth_ac_")


class TestShownHere:
    """§4.1.2.1: while client or redirect URI are in doubt, the person is told and nothing is redirected."""

    @pytest.mark.parametrize(
        "changed",
        [
            {"client_id": None},
            {"client_id": ""},
            {"client_id": "nobody"},
            {"client_id": "x" * 300},
            {"client_id": "ключ"},
            {"redirect_uri": "https://evil.example/callback"},
            {"redirect_uri": ""},
            {"redirect_uri": None},
        ],
    )
    def test_client_and_redirect_uri(self, app: Party, browser: Browser, changed: dict[str, Any]) -> None:
        """OpenID Connect Core §3.1.2.6."""
        shown = browser.authorize(app, **changed)
        assert shown.status_code == 400
        assert not location(shown)
        assert "error" in page(shown)
        assert "invalid" in page(shown)

    def test_a_disabled_client(self, app: Party, browser: Browser) -> None:
        Client.objects.update(is_active=False)
        StateVersion.objects.bump("clients")
        freshness.forget()
        registry.forget()
        assert browser.authorize(app).status_code == 400

    def test_comes_before_everything_else(self, browser: Browser, keys: None) -> None:
        """CVE-2026-41479: an unsupported response_type must not redirect before the client is known."""
        shown = browser.get(
            "/oauth/authorize", client_id="nobody", response_type="foo", redirect_uri="https://evil.example/"
        )
        assert shown.status_code == 400
        assert not location(shown)

    def test_what_an_attacker_wrote_is_not_markup(self, app: Party, browser: Browser) -> None:
        shown = browser.authorize(app, redirect_uri="https://evil.example/<script>alert(1)</script>")
        assert "<script>alert" not in page(shown)


class TestRedirectURIOmitted:
    """§3.1.2.3, §4.1.3."""

    def test_is_allowed_where_one_is_registered_and_the_profile_lets_it(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        app = make_client(profile="openid", scope="openid notes:read")
        done = browser.walk(browser.authorize(app, redirect_uri=None, scope="notes:read"), person)
        assert location(done).startswith(REDIRECT + "?")
        assert AuthorizationCode.objects.get().redirect_uri == ""

    def test_is_refused_where_several_are_registered(self, make_client: Callable[..., Party], browser: Browser) -> None:
        app = make_client(profile="openid", scope="openid notes:read", redirect_uris=[REDIRECT, REDIRECT + "2"])
        assert browser.authorize(app, redirect_uri=None, scope="notes:read").status_code == 400

    def test_is_refused_by_the_strict_profile(self, make_client: Callable[..., Party], browser: Browser) -> None:
        app = make_client(scope="openid notes:read")
        assert browser.authorize(app, redirect_uri=None, scope="notes:read").status_code == 400


class TestErrorsThatTravel:
    """§4.1.2.1."""

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"response_type": None}, "invalid_request"),
            ({"response_type": "foo"}, "unsupported_response_type"),
            ({"response_type": "code code"}, "unsupported_response_type"),
            ({"response_mode": "web_message"}, "invalid_request"),
            ({"response_mode": "QUERY"}, "invalid_request"),
            ({"scope": "openid admin:all"}, "invalid_scope"),
            ({"scope": 'openid "'}, "invalid_scope"),
            ({"scope": " ".join(str(n) for n in range(200))}, "invalid_scope"),
            ({"nonce": "n" * 256}, "invalid_request"),
            ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge": "short"}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": None}, "invalid_request"),
            ({"code_challenge_method": "s256"}, "invalid_request"),
        ],
    )
    def test_to_the_client_with_its_state(
        self, app: Party, browser: Browser, changed: dict[str, Any], error: str
    ) -> None:
        """OpenID Connect Core §3.1.2.2, RFC 6749 §4.1.2.1."""
        members = answer(browser.authorize(app, **changed))
        assert members["error"] == error
        assert members["state"] == "st-4f2"
        assert "code" not in members

    @pytest.mark.parametrize(
        ("response_type", "error"),
        [
            ("token", "unsupported_response_type"),
            ("id_token", "unauthorized_client"),
            ("id_token token", "unauthorized_client"),
            ("token id_token", "unauthorized_client"),
        ],
    )
    def test_of_an_implicit_request_in_the_fragment(
        self, app: Party, browser: Browser, response_type: str, error: str
    ) -> None:
        """§4.2.2.1: whoever asks for tokens up front reads the fragment."""
        members = answer(browser.authorize(app, response_type=response_type), "fragment")
        assert members["error"] == error

    def test_of_a_client_without_the_grant(self, make_client: Callable[..., Party], browser: Browser) -> None:
        app = make_client(redirect_uris=[REDIRECT])
        Client.objects.update(grant_types=["client_credentials"])
        registry.forget()
        assert answer(browser.authorize(app))["error"] == "unauthorized_client"

    def test_of_a_client_without_the_response_type(self, make_client: Callable[..., Party], browser: Browser) -> None:
        app = make_client()
        Client.objects.update(response_types=[])
        registry.forget()
        assert answer(browser.authorize(app))["error"] == "unauthorized_client"


class TestScope:
    """§3.3."""

    def test_that_the_client_may_not_ask_for_is_ignored_by_the_openid_profile(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        """OpenID Connect Core §3.1.2.1: scope values that are not understood SHOULD be ignored."""
        app = make_client(profile="openid", scope="openid email")
        done = browser.walk(browser.authorize(app, scope="openid hologram email"), person)
        assert "code" in answer(done)
        assert AuthorizationCode.objects.get().scope == "openid email"

    def test_that_is_missing_means_all_but_what_must_be_asked_for_by_name(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        app = make_client(scope="openid offline_access notes:read notes:write")
        assert "code" in answer(browser.walk(browser.authorize(app, scope=None), person))
        assert AuthorizationCode.objects.get().scope == "notes:read notes:write"

    def test_may_hold_colons_stars_slashes_and_dots(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        wide = "rabbitmq.read:*/* https://api.example/notes.read"
        app = make_client(scope=wide)
        assert "code" in answer(browser.walk(browser.authorize(app, scope=wide), person))
        assert AuthorizationCode.objects.get().scope == wide


class TestResource:
    """RFC 8707 §2: which servers the tokens are for, out of those that an operator gave the client."""

    def test_is_kept_behind_the_code(self, make_client: Callable[..., Party], browser: Browser, person: User) -> None:
        app = make_client(audience=["https://api.example/", "https://files.example/"])
        asked = browser.raw(
            f"{urlencode(request_of(app))}&resource=https://api.example/&resource=https://files.example/"
        )
        assert "code" in answer(browser.walk(asked, person))
        assert AuthorizationCode.objects.get().resource == ["https://api.example/", "https://files.example/"]

    @pytest.mark.parametrize("resource", ["https://payroll.example/", "https://api.example/#x", "api", "https://[/"])
    def test_of_somebody_else_is_refused(
        self, make_client: Callable[..., Party], browser: Browser, resource: str
    ) -> None:
        """CVE-2026-67332."""
        app = make_client(audience=["https://api.example/"])
        assert answer(browser.authorize(app, resource=resource))["error"] == "invalid_target"


class TestPKCE:
    """RFC 7636 §4.4.1, RFC 9700 §2.1.1."""

    def test_is_optional_for_a_confidential_client_of_the_openid_profile(
        self, make_client: Callable[..., Party], browser: Browser, person: User
    ) -> None:
        app = make_client(profile="openid")
        without = {"code_challenge": None, "code_challenge_method": None}
        assert "code" in answer(browser.walk(browser.authorize(app, **without), person))

    def test_is_required_of_a_public_client_whatever_its_profile(
        self, make_client: Callable[..., Party], browser: Browser
    ) -> None:
        """RFC 8252 §8.1."""
        app = make_client(profile="openid", token_endpoint_auth_method="none")
        without = {"code_challenge": None, "code_challenge_method": None}
        assert answer(browser.authorize(app, **without))["error"] == "invalid_request"

    def test_plain_is_refused_while_the_feature_is_off(
        self, make_client: Callable[..., Party], browser: Browser
    ) -> None:
        app = make_client(profile="openid")
        assert answer(browser.authorize(app, code_challenge_method="plain"))["error"] == "invalid_request"


class TestTheFrontDoor:
    """§3.1: parameters MUST NOT be included more than once."""

    def query(self, app: Party, extra: str) -> str:
        return f"{urlencode(request_of(app))}&{extra}"

    @pytest.mark.parametrize(
        "extra", ["scope=email", "prompt=login&prompt=none", "nonce=%00", "login_hint=%FF", "x=%zz", "a=1&a=2"]
    )
    def test_errors_beside_the_destination_travel(self, app: Party, browser: Browser, extra: str) -> None:
        members = answer(browser.raw(self.query(app, extra)))
        assert members["error"] == "invalid_request"
        assert members["state"] == "st-4f2"

    def test_a_doubled_state_is_not_echoed(self, app: Party, browser: Browser) -> None:
        members = answer(browser.raw(self.query(app, "state=other")))
        assert members["error"] == "invalid_request"
        assert "state" not in members

    @pytest.mark.parametrize(
        "extra",
        [
            "client_id=other", "redirect_uri=https://evil.example/", "client%5Fid=other", "redirect%5furi=%00",
            "redirect_uri=", "client_id=", "redirect_uri=%FF", f"redirect_uri={REDIRECT}",
        ],
    )  # fmt: skip
    def test_a_doubled_destination_is_shown_here(self, app: Party, browser: Browser, extra: str) -> None:
        shown = browser.raw(self.query(app, extra))
        assert shown.status_code == 400
        assert not location(shown)

    def test_too_much_is_shown_here(self, app: Party, browser: Browser) -> None:
        assert browser.raw(self.query(app, "x=" + "a" * 70_000)).status_code == 400

    def test_too_many_travel(self, app: Party, browser: Browser) -> None:
        many = "&".join(f"p{n}=1" for n in range(200))
        assert answer(browser.raw(self.query(app, many)))["error"] == "invalid_request"

    def test_a_body_that_is_no_form_is_refused(self, app: Party, browser: Browser) -> None:
        for content_type in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
            refused = browser.http.post("/oauth/authorize", b"{}", content_type=content_type)
            assert refused.status_code == 415
            assert not location(refused)

    @pytest.mark.parametrize("method", ["put", "delete", "patch", "head", "options"])
    def test_other_methods_are_refused(
        self, app: Party, browser: Browser, allowed: Callable[..., None], method: str
    ) -> None:
        """A HEAD of a link preview must not spend or mint anything; no CORS on this endpoint."""
        allowed()
        before = AuthorizationCode.objects.count()
        refused = getattr(browser.http, method)(
            "/oauth/authorize", QUERY_STRING="client_id=x", HTTP_ORIGIN="https://a.example"
        )
        assert refused.status_code == 405
        assert refused.headers["Allow"] == "GET, POST"
        assert "Access-Control-Allow-Origin" not in refused.headers
        assert AuthorizationCode.objects.count() == before


def test_state_comes_back_exactly(app: Party, browser: Browser) -> None:
    """§4.1.2: the exact value received from the client."""
    for state in ("a b+c&d=e%20#?", "žluťoučký\n\t", "x" * 4000, "{'a': [1]}"):
        assert answer(browser.authorize(app, prompt="none", state=state))["state"] == state


def test_a_registered_query_is_kept(make_client: Callable[..., Party], browser: Browser) -> None:
    """§3.1.2: the endpoint URI may include a query component, which MUST be retained."""
    uri = "https://app.example/callback?tenant=7"
    app = make_client(redirect_uris=[uri])
    refused = browser.authorize(app, redirect_uri=uri, prompt="none")
    assert location(refused).startswith(uri + "&")


def test_a_private_use_scheme_is_redirected_to(
    make_client: Callable[..., Party], browser: Browser, person: User
) -> None:
    """RFC 8252 §7.1."""
    uri = "com.example.app:/callback"
    app = make_client(redirect_uris=[uri], application_type="native", token_endpoint_auth_method="none")
    asked = browser.walk(browser.authorize(app, redirect_uri=uri), person)
    assert location(asked).startswith(uri + "?")


def test_codes_are_unlike_and_bound_to_what_was_asked(
    app: Party, browser: Browser, allowed: Callable[..., None]
) -> None:
    """§4.1.2, §10.10."""
    allowed()
    codes = {answer(browser.authorize(app))["code"] for _ in range(5)}
    assert len(codes) == 5
    row = AuthorizationCode.objects.latest("created")
    assert row.redirect_uri == REDIRECT
    assert row.code_challenge == CHALLENGE
    assert row.consent_id == Consent.objects.get().pk
    assert all(code.encode() not in bytes(row.digest) for code in codes)


def test_the_client_takes_part_in_the_sign_in_once(
    app: Party, browser: Browser, allowed: Callable[..., None], signed_in: LoginSession
) -> None:
    """Whom to tell when the sign-in ends (OpenID Connect Back-Channel Logout §2.5)."""
    allowed()
    browser.authorize(app)
    assert list(Participation.objects.values_list("session_id", "application__client_id")) == [
        (signed_in.sid, app.client_id)
    ]


def test_what_was_allowed_ends_with_the_consent(app: Party, browser: Browser, allowed: Callable[..., None]) -> None:
    """A code whose consent was taken back is worth nothing."""
    allowed()
    code = answer(browser.authorize(app))["code"]
    Consent.objects.update(revoked_at=timezone.now())
    with pytest.raises(Exception, match="invalid_grant"):
        exchange(app, code)


class TestOutage:
    """Design rule 9: an outage is 503 with Retry-After, never 500."""

    @pytest.fixture(autouse=True)
    def away(self, app: Party, browser: Browser, allowed: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
        allowed()

        def fail(*_: Any, **__: Any) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr("oauth_server.endpoints.authorize.sessions.current", fail)

    def test_is_a_page(self, app: Party, browser: Browser) -> None:
        shown = browser.authorize(app)
        assert shown.status_code == 503
        assert "Retry-After" in shown.headers
        assert "Back in a moment" in page(shown)

    def test_is_an_answer_where_nobody_looks(self, app: Party, browser: Browser) -> None:
        """§4.1.2.1 temporarily_unavailable."""
        assert answer(browser.authorize(app, prompt="none"))["error"] == "temporarily_unavailable"


def test_facts_are_recorded(app: Party, browser: Browser, person: User, signed_in: LoginSession) -> None:
    browser.walk(browser.authorize(app), person)
    browser.decide(location(browser.authorize(app, prompt="consent")), "deny")
    browser.authorize(app, prompt="none", scope="openid email")
    flush()
    names = set(AuditEvent.objects.filter(client_id=app.client_id).values_list("name", flat=True))
    assert {
        "authorize:consent:granted", "authorize:consent:denied", "authorize:code:issued", "authorize:request:refused",
    } <= names  # fmt: skip
