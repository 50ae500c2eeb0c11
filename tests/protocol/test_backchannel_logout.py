"""OpenID Connect Back-Channel Logout 1.0, with a relying party that listens on the loopback interface and verifies with joserfc."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import override_settings
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey
from jwcrypto.jwk import JWK

from identity.account.standing import set_active
from identity.models import LoginSession, User
from oauth_server.clients import key_sets, registry
from oauth_server.clients.subjects import sid_of
from oauth_server.jose.encrypt import shared_key
from oauth_server.models import AuditEvent, Client, OutboxMessage, StateVersion
from oauth_server.outbound import fetch
from oauth_server.outbox.deliver import deliver_due
from oauth_server.protocol.errors import InvalidClientMetadata
from tests.support import people
from tests.support.front_channel import Browser, answer, claims_of, exchange, hidden
from tests.support.jwe import opened, secret_jwk
from tests.support.keys import public_jwk
from tests.support.parties import BASE, Http, Party
from tests.support.receiver import Receiver, receiver

pytestmark = pytest.mark.django_db

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
EVENT = "http://schemas.openid.net/event/backchannel-logout"
PASSWORD = "correct horse battery"
THEIRS = rsa.generate_private_key(65537, 2048)
JWKS = {"keys": [public_jwk(THEIRS, kid="their-rsa", use="enc")]}


@pytest.fixture
def party() -> Iterator[Receiver]:
    """A relying party within a range that the operator opened."""
    with receiver() as listening, override_settings(OUTBOUND_ALLOW=LOOPBACK):
        yield listening


@pytest.fixture
def app(make_client: Callable[..., Party], party: Receiver) -> Party:
    return make_client(
        backchannel_logout_uri=f"{party.origin}/logout?tenant=7", backchannel_logout_session_required=True
    )


@pytest.fixture
def tokens(app: Party, browser: Browser, allowed: Callable[..., None]) -> dict[str, Any]:
    allowed("openid offline_access")
    return exchange(app, answer(browser.authorize(app, scope="openid offline_access"))["code"])


def verified(token: str, alg: str = "RS256", key: Any = None) -> Any:
    """What a relying party does first (§2.6): the signature, by the published keys."""
    key = key or KeySet.import_key_set(Http().get("/oauth/jwks").json())
    return jwt.decode(token, key, algorithms=[alg])


def deliver() -> int:
    return deliver_due(timezone.now)


def sign_out(browser: Browser) -> None:
    browser.post("/account/logout/")


class TestTheToken:
    """§2.4."""

    def test_it_says_who_and_which_sign_in_and_nothing_else(
        self, app: Party, party: Receiver, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        sign_out(browser)
        before = int(time.time())
        assert deliver() == 1
        token = verified(party.tokens[0])
        of_sign_in = claims_of(tokens)
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": BASE},
            aud={"essential": True, "value": app.client_id},
            exp={"essential": True},
        ).validate(token.claims)
        assert token.header["typ"] == "logout+jwt"
        assert set(token.claims) == {"iss", "sub", "aud", "iat", "exp", "jti", "events", "sid"}
        assert token.claims["sub"] == of_sign_in["sub"]
        assert token.claims["sid"] == of_sign_in["sid"]
        assert token.claims["events"] == {EVENT: {}}
        assert before <= token.claims["iat"] <= time.time()
        assert token.claims["exp"] - token.claims["iat"] <= 120

    def test_it_comes_as_a_form_with_one_member_to_the_address_as_registered(
        self, party: Receiver, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        """§2.5; §2.2: the address may have a query."""
        sign_out(browser)
        deliver()
        assert [list(form) for form in party.forms] == [["logout_token"]]
        assert party.paths == ["/logout?tenant=7"]
        assert party.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"

    @pytest.mark.parametrize("alg", ["ES256", "PS256"])
    def test_it_is_signed_as_the_id_token_is(
        self, make_client: Callable[..., Party], party: Receiver, browser: Browser, person: User, alg: str
    ) -> None:
        """§2.4: the same keys."""
        other = make_client(backchannel_logout_uri=party.origin, id_token_signed_response_alg=alg)
        browser.walk(browser.authorize(other), person)
        sign_out(browser)
        deliver()
        assert verified(party.tokens[0], alg).header["alg"] == alg

    def test_with_the_client_secret_too(
        self, make_client: Callable[..., Party], party: Receiver, browser: Browser, person: User
    ) -> None:
        other = make_client(backchannel_logout_uri=party.origin, id_token_signed_response_alg="HS256")
        browser.walk(browser.authorize(other), person)
        sign_out(browser)
        deliver()
        assert verified(party.tokens[0], "HS256", OctKey.import_key(other.secret)).claims["aud"] == other.client_id

    @pytest.mark.parametrize("alg", ["RSA-OAEP-256", "dir"])
    def test_it_is_encrypted_as_the_id_token_is(
        self, make_client: Callable[..., Party], party: Receiver, browser: Browser, person: User, alg: str
    ) -> None:
        """§2.4: the same keys; iss stands in the header too (RFC 7519 §5.3)."""
        other = make_client(backchannel_logout_uri=party.origin, jwks=JWKS, id_token_encrypted_response_alg=alg)
        browser.walk(browser.authorize(other), person)
        sign_out(browser)
        deliver()
        shared = secret_jwk(shared_key(other.secret, "A128CBC-HS256"))
        header, inner = opened(party.tokens[0], shared if alg == "dir" else JWK.from_pyca(THEIRS))
        assert (header["alg"], header["enc"], header["cty"]) == (alg, "A128CBC-HS256", "JWT")
        assert header["iss"] == BASE
        token = verified(inner)
        assert (token.header["typ"], token.claims["aud"]) == ("logout+jwt", other.client_id)

    def test_what_cannot_be_encrypted_waits_for_a_key_and_never_leaves_in_clear_text(
        self,
        make_client: Callable[..., Party],
        party: Receiver,
        browser: Browser,
        person: User,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """§2.4; the client's key set may be away for a while."""
        other = make_client(
            backchannel_logout_uri=party.origin,
            jwks_uri="https://app.example/jwks",
            id_token_encrypted_response_alg="RSA-OAEP-256",
        )
        body = [json.dumps({"keys": keys}).encode() for keys in (JWKS["keys"], [], JWKS["keys"])]
        monkeypatch.setattr(fetch, "get", lambda *_, **__: fetch.Fetched(body[0], "application/json"))
        browser.walk(browser.authorize(other, state="encrypted"), person)
        body.pop(0)
        key_sets.forget()
        cache.clear()
        sign_out(browser)
        deliver()
        assert party.paths == []
        assert "no usable key" in OutboxMessage.objects.get().last_error
        body.pop(0)
        with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=True):
            deliver()
            assert verified(opened(party.tokens[0], JWK.from_pyca(THEIRS))[1]).claims["aud"] == other.client_id

    def test_it_is_no_id_token_for_anybody(
        self, app: Party, party: Receiver, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        """§4: cross-JWT confusion. As a hint it is refused only if it could not be an ID token; it proves nothing anyway."""
        sign_out(browser)
        deliver()
        header = {"Authorization": f"Bearer {party.tokens[0]}"}
        assert app.http.get("/oauth/userinfo", headers=header).status_code == 401
        assert app.introspect(party.tokens[0]) == {"active": False}


def _on_the_account_page(browser: Browser, person: User) -> None:
    sign_out(browser)


def _at_the_end_session_endpoint(browser: Browser, person: User) -> None:
    browser.post("/oauth/logout/confirm", request=hidden(browser.get("/oauth/logout"), "request"))


def _from_another_browser(browser: Browser, person: User) -> None:
    sid = browser.http.session["sid"]
    other = Browser()
    other.sign_in(person)
    other.post(f"/account/sessions/{sid}/end/")


def _everywhere_else(browser: Browser, person: User) -> None:
    other = Browser()
    other.sign_in(person)
    other.post("/account/sessions/end-others/")


def _by_an_operator(browser: Browser, person: User) -> None:
    set_active(person, active=False)


def _with_a_new_password(browser: Browser, person: User) -> None:
    other = Browser()
    other.sign_in(person)
    changed = other.post(
        "/account/password/change/",
        oldpassword=PASSWORD,
        password1="staple horse 42 green",
        password2="staple horse 42 green",
    )
    assert changed.status_code == 302, changed.content.decode()[-2_000:]


def _by_somebody_else_who_signs_in(browser: Browser, person: User) -> None:
    people.person("ada")
    people.sign_in(browser.http, query="?prompt=login")
    assert people.is_signed_in(browser.http)


CAUSES = [
    _on_the_account_page, _at_the_end_session_endpoint, _from_another_browser, _everywhere_else, _by_an_operator,
    _with_a_new_password, _by_somebody_else_who_signs_in,
]  # fmt: skip


class TestWhenASignInEnds:
    """§2.5: whoever took part in it is told; §2.7: what was issued in it is dead."""

    @pytest.mark.parametrize("end", CAUSES, ids=lambda cause: cause.__name__.strip("_"))
    def test_by_whatever_cause(
        self,
        app: Party,
        party: Receiver,
        browser: Browser,
        person: User,
        tokens: dict[str, Any],
        end: Callable[[Browser, User], None],
    ) -> None:
        end(browser, person)
        assert app.introspect(tokens["access_token"]) == {"active": False}
        assert app.introspect(tokens["refresh_token"]) == {"active": False}
        assert party.paths == [], "the person does not wait for the client"
        deliver()
        assert [verified(token).claims["sid"] for token in party.tokens] == [claims_of(tokens)["sid"]]

    def test_each_client_is_told_once_however_often_it_asked(
        self,
        app: Party,
        make_client: Callable[..., Party],
        party: Receiver,
        browser: Browser,
        person: User,
        tokens: dict[str, Any],
    ) -> None:
        other = make_client(backchannel_logout_uri=f"{party.origin}/other")
        silent = make_client()
        stranger = make_client(backchannel_logout_uri=f"{party.origin}/stranger")
        for one in (app, other, silent, other, app):
            browser.walk(browser.authorize(one), person)
        Browser().walk(Browser().authorize(stranger), User.objects.create_user("marko", "marko@example.org", PASSWORD))
        sign_out(browser)
        assert deliver() == 2
        assert sorted(party.paths) == ["/logout?tenant=7", "/other"]
        assert {verified(token).claims["aud"] for token in party.tokens} == {app.client_id, other.client_id}

    def test_each_sign_in_by_itself(
        self,
        app: Party,
        party: Receiver,
        browser: Browser,
        other_browser: Browser,
        person: User,
        tokens: dict[str, Any],
    ) -> None:
        other_browser.walk(other_browser.authorize(app), person)
        sids = {
            sid_of(app.registered, sid)
            for sid in LoginSession.objects.filter(ended_at=None).values_list("sid", flat=True)
        }
        set_active(person, active=False)
        deliver()
        assert {verified(token).claims["sid"] for token in party.tokens} == sids
        assert len(sids) == 2

    def test_a_client_that_is_disabled_is_left_alone(
        self, app: Party, party: Receiver, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        sign_out(browser)
        Client.objects.filter(client_id=app.client_id).update(is_active=False)
        StateVersion.objects.bump("clients")
        registry.forget()
        deliver()
        assert party.paths == []
        assert OutboxMessage.objects.get().done_at is not None

    def test_it_is_written_with_the_end_and_tells_no_secret(
        self, app: Party, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        sid = browser.http.session["sid"]
        sign_out(browser)
        row = OutboxMessage.objects.get()
        assert row.payload == {"client_id": app.client_id, "sid": sid, "user": claims_of(tokens)["sub"]}
        sign_out(browser)
        assert OutboxMessage.objects.count() == 1


class TestTheAnswer:
    """§2.8: 200, and 204 by some frameworks; anything else is tried again."""

    @pytest.mark.parametrize("status", [200, 204])
    def test_success(self, party: Receiver, browser: Browser, tokens: dict[str, Any], status: int) -> None:
        party.statuses = [status]
        sign_out(browser)
        deliver()
        assert OutboxMessage.objects.get().done_at is not None
        assert AuditEvent.objects.filter(name="outbox:message:delivered").count() == 1

    @pytest.mark.parametrize("status", [400, 500, 302, 202, 404])
    def test_a_failure_is_tried_again_with_a_fresh_token_of_the_same_jti(
        self, party: Receiver, browser: Browser, tokens: dict[str, Any], status: int
    ) -> None:
        party.statuses = [status]
        sign_out(browser)
        deliver()
        row = OutboxMessage.objects.get()
        assert row.last_error == f"The answer is {status}."
        assert deliver() == 0
        with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=True):
            deliver()
            first, second = (verified(token).claims for token in party.tokens)
        assert first["jti"] == second["jti"]
        assert second["iat"] >= first["exp"]
        assert party.paths == ["/logout?tenant=7"] * 2, "no redirect is followed"
        row.refresh_from_db()
        assert row.done_at is not None

    def test_nobody_listens(self, party: Receiver, browser: Browser, tokens: dict[str, Any]) -> None:
        party.shutdown()
        party.server_close()
        sign_out(browser)
        deliver()
        assert OutboxMessage.objects.get().last_error == "No address of the host answers."

    def test_a_client_inside_our_network_is_not_called(
        self, party: Receiver, browser: Browser, tokens: dict[str, Any]
    ) -> None:
        """Scorecard S-09: the guarded way out, and no other."""
        sign_out(browser)
        with override_settings(OUTBOUND_ALLOW=()):
            deliver()
        assert party.paths == []
        assert "OUTBOUND_ALLOW" in OutboxMessage.objects.get().last_error


class TestRegistration:
    """§2.2."""

    @pytest.mark.parametrize(
        "uri",
        ["https://app.example/out#here", "ftp://app.example/", "/out", "javascript:1", 7, "http://app.example/out"],
    )
    def test_a_wrong_address_is_refused_by_its_name(self, make_client: Callable[..., Party], uri: Any) -> None:
        with pytest.raises(InvalidClientMetadata, match="backchannel_logout_uri"):
            make_client(backchannel_logout_uri=uri)

    def test_what_is_registered_is_told_again(self, app: Party) -> None:
        assert app.answer["backchannel_logout_uri"].endswith("/logout?tenant=7")
        assert app.answer["backchannel_logout_session_required"] is True

    def test_discovery_says_so(self, keys: None) -> None:
        """§2.1."""
        document = Http().get("/.well-known/openid-configuration").json()
        assert document["backchannel_logout_supported"] is True
        assert document["backchannel_logout_session_supported"] is True
