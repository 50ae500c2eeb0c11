"""OpenID Connect Core §8: pairwise subjects, the same in everything that a client may read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from identity.models import LoginSession, User
from identity.subjects import pairwise_subject, public_subject
from oauth_server.audit.events import TokenRevoked
from oauth_server.clients import sectors
from oauth_server.models import AuditEvent
from oauth_server.protocol.errors import OAuthError
from tests.support.front_channel import Browser, answer, claims_of, exchange, location
from tests.support.parties import BASE, Http, Party

pytestmark = pytest.mark.django_db

SCOPE = "openid profile email offline_access"


@pytest.fixture
def shop(make_client: Callable[..., Party]) -> Party:
    return make_client(subject_type="pairwise", post_logout_redirect_uris=["https://app.example/bye"])


def claims_of_jwt(token: str) -> dict[str, Any]:
    """Verified by joserfc with our published keys."""
    keys = KeySet.import_key_set(Http().get("/oauth/jwks").json())
    return dict(jwt.decode(token, keys, algorithms=["ES256", "RS256"]).claims)


def test_one_person_has_one_subject_in_all_that_a_client_reads(
    shop: Party, person: User, redeem: Callable[..., dict[str, Any]]
) -> None:
    """§5.3.2: userinfo's sub must be the ID token's; the access token would give the other away."""
    token = redeem(shop, SCOPE)
    subject = claims_of_jwt(token["id_token"])["sub"]
    assert subject != public_subject(person.pk)
    assert str(person.pk) not in str(claims_of_jwt(token["access_token"])) + str(claims_of_jwt(token["id_token"]))
    assert claims_of_jwt(token["access_token"])["sub"] == subject
    assert shop.session(token=token).get(f"{BASE}/oauth/userinfo").json()["sub"] == subject
    told = shop.http.post("/oauth/introspect", data={"token": token["access_token"]}, auth=shop.basic).json()
    assert told["sub"] == subject
    assert "username" not in told, "a name would undo it"
    told = shop.http.post("/oauth/introspect", data={"token": token["refresh_token"]}, auth=shop.basic).json()
    assert told["sub"] == subject
    again = shop.session().refresh_token(f"{BASE}/oauth/token", refresh_token=token["refresh_token"])
    assert claims_of_jwt(again["id_token"])["sub"] == subject  # §12.2
    assert claims_of_jwt(again["access_token"])["sub"] == subject


def test_an_opaque_access_token_says_the_same(
    make_client: Callable[..., Party], person: User, redeem: Callable[..., dict[str, Any]]
) -> None:
    """§8.1, however the access token is spelt."""
    shop = make_client(subject_type="pairwise", access_token_format="opaque")
    token = redeem(shop, SCOPE)
    userinfo = shop.session(token=token).get(f"{BASE}/oauth/userinfo").json()
    assert userinfo["sub"] == claims_of_jwt(token["id_token"])["sub"] != public_subject(person.pk)


def test_what_was_revoked_is_recorded_of_the_person_and_not_of_a_pseudonym(
    shop: Party, person: User, redeem: Callable[..., dict[str, Any]]
) -> None:
    """RFC 7009 §2: the audit log and the person's own history ask by the public subject, whatever the client knows."""
    token = redeem(shop, SCOPE)
    assert shop.http.post("/oauth/revoke", data={"token": token["refresh_token"]}, auth=shop.basic).status_code == 200
    assert AuditEvent.objects.get(name=TokenRevoked.name).user == str(person.pk)


def test_sectors_cannot_compare_and_a_sector_can(
    make_client: Callable[..., Party], redeem: Callable[..., dict[str, Any]], person: User
) -> None:
    """§8.1: the sector is the host of the redirect URI; public clients see the public subject."""

    def subject(uri: str, **more: Any) -> str:
        party = make_client(redirect_uris=[uri], **more)
        return str(claims_of_jwt(redeem(party)["id_token"])["sub"])

    one = subject("https://app.example/one", subject_type="pairwise")
    assert subject("https://app.example/two", subject_type="pairwise") == one
    assert subject("https://APP.example/two", subject_type="pairwise") == one
    other = subject("https://other.example/one", subject_type="pairwise")
    assert other != one
    assert subject("https://app.example/one") == subject("https://app.example/one", subject_type="public")
    assert len({one, other, public_subject(person.pk)}) == 3


def test_several_hosts_need_a_sector_identifier_uri(make_client: Callable[..., Party]) -> None:
    """§8.1."""
    uris = ["https://one.example/cb", "https://two.example/cb"]
    with pytest.raises(OAuthError, match="sector_identifier_uri"):
        make_client(redirect_uris=uris, subject_type="pairwise")
    party = make_client(redirect_uris=uris, subject_type="pairwise", sector_identifier_uri="https://both.example/s")
    assert party.registered.sector == "both.example"
    make_client(redirect_uris=uris)


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1/cb", "http://localhost:80/cb", "http://[::1]/cb", "com.example.app:/cb"]
)
def test_what_many_applications_share_is_no_sector(make_client: Callable[..., Party], uri: str) -> None:
    """§8.1 leaves it open: applications on people's devices are not one party because they all use 127.0.0.1."""
    one, two = (
        make_client(redirect_uris=[uri], subject_type="pairwise", application_type="native").registered for _ in "12"
    )
    assert one.sector != two.sector
    assert sectors.sector_of(None, [], "client") == "client"


def test_the_subject_is_the_persons_own_and_needs_the_servers_secret() -> None:
    """§8.1: not reversible, and the same again for the same input."""
    person = uuid.uuid4()
    subject = pairwise_subject("app.example", person, b"salt")
    assert subject == pairwise_subject("app.example", str(person), b"salt")
    others = {
        pairwise_subject("app.example", uuid.uuid4(), b"salt"), pairwise_subject("app.example", person, b"pepper"),
        pairwise_subject("app.example.", person, b"salt"), pairwise_subject("", person, b"salt"),
    }  # fmt: skip
    assert len(others | {subject}) == 5
    assert len(subject) == 43


def test_a_hint_that_names_this_person_is_understood(
    shop: Party, browser: Browser, person: User, other_person: User
) -> None:
    """§3.1.2.1: id_token_hint with prompt=none; another person gets login_required."""
    browser.sign_in(person)
    done = browser.walk(browser.authorize(shop), person)
    hint = exchange(shop, answer(done)["code"])["id_token"]
    assert "code" in answer(browser.authorize(shop, prompt="none", id_token_hint=hint))
    browser.sign_in(other_person)
    assert answer(browser.authorize(shop, prompt="none", id_token_hint=hint))["error"] == "login_required"


def test_a_logout_with_a_hint_needs_no_question(shop: Party, browser: Browser, person: User) -> None:
    """RP-Initiated Logout §2: the hint names the person who is signed in, by the client's own name for them."""
    browser.sign_in(person)
    done = browser.walk(browser.authorize(shop), person)
    hint = exchange(shop, answer(done)["code"])["id_token"]
    assert claims_of({"id_token": hint})["sub"] != public_subject(person.pk)
    left = browser.get(
        "/oauth/logout", id_token_hint=hint, post_logout_redirect_uri="https://app.example/bye", state="s"
    )
    assert location(left) == "https://app.example/bye?state=s"
    assert LoginSession.objects.filter(user=person, ended_at=None).count() == 0


def test_discovery_says_so(keys: None) -> None:
    """Discovery §3: subject_types_supported."""
    document = Http().get("/.well-known/openid-configuration").json()
    assert document["subject_types_supported"] == ["public", "pairwise"]
