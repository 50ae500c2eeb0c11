"""Signing in by an upstream provider (OpenID Connect Core §3.1 as a client, RFC 7636, RFC 9207)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from identity.account.standing import set_active
from identity.federation import connection
from identity.models import LoginSession, Upstream, UpstreamSignIn, User
from identity.sessions.store import SessionStore
from identity.sign_in.demand import Demand
from tests.support.people import person, sign_in
from tests.support.upstream import SECRET, Provider, Traveller, connect

pytestmark = pytest.mark.django_db


def link(user: User, there: Provider, subject: str = "ada-there") -> SocialAccount:
    return SocialAccount.objects.create(user=user, provider=there.issuer, uid=subject)


def signed_in(user: User) -> list[LoginSession]:
    return LoginSession.objects.of_person(user, timezone.now())


def test_a_linked_person_signs_in(there: Provider) -> None:
    """Core §3.1: code flow; PKCE S256, state and nonce always; the secret in the header; the redirect URI this provider's own."""
    connect(there)
    ada = person("ada")
    link(ada, there)
    traveller = Traveller()
    response = traveller.sign_in(there)
    assert (response.status_code, response.headers["Location"]) == (302, "/account/")
    [session] = signed_in(ada)
    asked = traveller.asked
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"].endswith("/account/login/with/there/callback/")
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 43
    [form] = [form for path, form, _ in there.asked if path == "/token"]
    assert "client_secret" not in form
    assert session.acr == "1"
    assert session.amr == []
    assert traveller.browser.get("/account/").status_code == 200


def test_discovery_and_keys_are_fetched_once(there: Provider) -> None:
    """Discovery §4: kept between two sign-ins."""
    connect(there)
    link(person("ada"), there)
    for _ in range(3):
        assert Traveller().sign_in(there).status_code == 302
    paths = [path for path, _, _ in there.asked]
    assert paths.count("/.well-known/openid-configuration") == 1
    assert paths.count("/jwks") == 1


def test_new_keys_are_understood_at_once(there: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core §10.1.1: a token that names an unknown key makes us look again."""
    monkeypatch.setattr("oauth_server.outbound.kept.AGAIN_SECONDS", 0)
    connect(there)
    link(person("ada"), there)
    assert Traveller().sign_in(there).status_code == 302
    there.keys.insert(0, there.new_key("two"))
    assert Traveller().sign_in(there).status_code == 302


def test_userinfo_is_asked_for_what_the_id_token_leaves_out(there: Provider) -> None:
    """Core §5.4: claims that a scope promises may come from userinfo alone."""
    connect(there, sync_claims="always")
    ada = person("ada")
    link(ada, there)
    there.lean = True
    assert Traveller().sign_in(there, name="Ada There").status_code == 302
    ada.refresh_from_db()
    assert ada.name == "Ada There"
    assert SocialAccount.objects.get().extra_data == {
        "upstream": "there",
        "email": "ada@there.example",
        "name": "Ada There",
    }


@pytest.mark.parametrize(("sync", "name"), [("always", "Ada New"), ("first", "Ada Old")])
def test_claims_are_kept_in_step_only_where_the_operator_says_so(there: Provider, sync: str, name: str) -> None:
    connect(there, sync_claims=sync, claims={"name": "profile.shown"})
    ada = person("ada")
    User.objects.filter(pk=ada.pk).update(name="Ada Old")
    link(ada, there)
    Traveller().sign_in(there, profile={"shown": "Ada New"})
    ada.refresh_from_db()
    assert ada.name == name


def test_what_a_field_refuses_is_passed_over_and_rights_are_never_mapped(there: Provider) -> None:
    connect(there, sync_claims="always")
    ada = person("ada")
    link(ada, there)
    Traveller().sign_in(
        there, website="javascript:alert(1)", given_name="A" * 151, nickname=["x"], is_staff=True, name="Ada"
    )
    ada.refresh_from_db()
    assert (ada.website, ada.given_name, ada.nickname, ada.is_staff, ada.name) == ("", "", "", False, "Ada")


def test_a_disabled_person_is_told_so(there: Provider) -> None:
    connect(there)
    ada = person("ada")
    link(ada, there)
    set_active(ada, active=False)
    response = Traveller().sign_in(there)
    assert response.headers["Location"] == "/account/inactive/"
    assert LoginSession.objects.count() == 0


def test_a_provider_that_posts_its_answer_is_understood(there: Provider) -> None:
    """OAuth 2.0 Form Post Response Mode §2: the POST has no cookies, so it becomes a GET that has them."""
    connect(there)
    link(person("ada"), there)
    traveller = Traveller()
    answer = there.approve(traveller.go())
    stranger = Traveller()
    posted = stranger.browser.post("/account/login/with/there/callback/", {**answer, "user": "{}"})
    assert posted.status_code == 303
    assert "user=" not in posted.headers["Location"]
    assert traveller.browser.get(posted.headers["Location"]).headers["Location"] == "/account/"


def test_who_cancels_there_is_told_that_nothing_changed(there: Provider) -> None:
    """RFC 6749 §4.1.2.1."""
    connect(there)
    traveller = Traveller()
    traveller.go(query="?next=/account/profile/")
    response = traveller.come_back({"error": "access_denied", "state": traveller.asked["state"], "iss": there.issuer})
    assert response.status_code == 400
    assert b"You cancelled the sign-in at There" in response.content
    assert b"/account/login/?next=%2Faccount%2Fprofile%2F" in response.content


def test_a_provider_that_is_away_is_named(there: Provider) -> None:
    connect(there)
    there.is_away = True
    response = Traveller().browser.post("/account/login/with/there/")
    assert response.status_code == 502
    assert b"There does not answer" in response.content


def test_where_the_person_wanted_to_go_is_kept_and_only_our_own_addresses_are(there: Provider) -> None:
    connect(there)
    link(person("ada"), there)
    assert Traveller().sign_in(there, query="?next=/account/profile/").headers["Location"] == "/account/profile/"
    assert Traveller().sign_in(there, query="?next=https://evil.example/").headers["Location"] == "/account/"


def test_the_provider_vouches_for_when_and_how(there: Provider) -> None:
    """Core §2: auth_time, amr and acr are the provider's, as far as the operator's table believes them."""
    connect(there, trust_amr=True, acr_values={"urn:there:gold": "2"})
    ada = person("ada")
    link(ada, there)
    then = int(time.time()) - 3_600
    Traveller().sign_in(there, auth_time=then, amr=["pwd", "hwk", "nonsense"], acr="urn:there:gold")
    [session] = signed_in(ada)
    assert int(session.auth_time.timestamp()) == then
    assert session.amr == ["pwd", "hwk", "mfa"]
    assert session.acr == "2", "a key that answers there is no key that answers here"


def test_a_provider_whose_clock_is_behind_is_not_asked_again_and_again(there: Provider) -> None:
    """Core §3.1.2.1: what passes as fresh is fresh for the application too, whose demand is held against ``auth_time``."""
    connect(there)
    ada = person("ada")
    link(ada, there)
    begun = time.time()
    Traveller().sign_in(there, query="?prompt=login", auth_time=int(begun) - 20)
    [session] = signed_in(ada)
    assert begun <= session.auth_time.timestamp() <= time.time()


def test_what_is_not_believed_counts_for_nothing(there: Provider) -> None:
    connect(there)
    ada = person("ada")
    link(ada, there)
    Traveller().sign_in(there, amr=["mfa"], acr="2")
    [session] = signed_in(ada)
    assert (session.amr, session.acr) == ([], "1")


def test_the_wishes_of_an_application_travel_on(there: Provider, settings: Any) -> None:
    """Core §3.1.2.1: prompt, max_age, acr_values, login_hint, ui_locales."""
    settings.SIGN_IN_CONTEXT = "tests.identity.test_upstream_sign_in.wishes"
    connect(there, acr_values={"gold": "2", "iron": "1"}, authorization_parameters={"domain_hint": "example.org"})
    traveller = Traveller()
    traveller.go()
    asked = traveller.asked
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert asked["acr_values"] == "gold"
    assert asked["login_hint"] == "ada@there.example"
    assert asked["ui_locales"] == "uk de"
    assert asked["domain_hint"] == "example.org"


def wishes(_request: Any) -> dict[str, Any]:
    return {
        "prompt": ("login",),
        "demand": Demand(wished=("2",)),
        "login_hint": "ada@there.example",
        "ui_locales": ("uk", "de"),
    }


@pytest.mark.parametrize(
    ("known", "sent"),
    [
        (None, "login"),
        (["none", "login", "select_account"], "select_account"),
        (["none", "login"], "login"),
        (["none", "consent"], None),
    ],
)
def test_who_links_chooses_an_account_there_in_a_way_that_the_provider_understands(
    there: Provider, known: list[str] | None, sent: str | None
) -> None:
    """Core §15.1: ``login`` is understood by all; Initiating User Registration 1.0 §4: ``prompt_values_supported``."""
    there.mischief.document = lambda document: document | ({"prompt_values_supported": known} if known else {})
    connect(there)
    person("ada")
    traveller = Traveller()
    sign_in(traveller.browser, "ada")
    traveller.go(process="link")
    assert traveller.asked.get("prompt") == sent


def test_a_second_factor_here_is_asked_for_all_the_same(there: Provider) -> None:
    connect(there)
    ada = person("ada")
    link(ada, there)
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    traveller = Traveller()
    assert traveller.sign_in(there).headers["Location"] == "/account/2fa/authenticate/"
    assert signed_in(ada) == []


def test_secrets_are_wrapped_at_rest_and_travel_only_to_the_token_endpoint(there: Provider) -> None:
    row = connect(there)
    assert SECRET.encode() not in bytes(row.wrapped_secret)
    link(person("ada"), there)
    Traveller().sign_in(there)
    [origin] = UpstreamSignIn.objects.all()
    assert b"eyJ" not in bytes(origin.wrapped_id_token)
    # Moved to another provider's row it does not open.
    Upstream.objects.filter(slug="there").update(slug="elsewhere")
    assert Traveller().browser.post("/account/login/with/elsewhere/").status_code == 200
    moved = connection.of(Upstream.objects.get())
    with pytest.raises(ValueError, match="does not open"):
        _ = moved.secret


def test_who_takes_a_browser_over_keeps_what_they_have_just_proved(there: Provider) -> None:
    """Django empties the session of the person before; the provider's word about this one stays."""
    connect(there, trust_amr=True)
    ada, bob = person("ada"), person("bob")
    link(ada, there)
    traveller = Traveller()
    sign_in(traveller.browser, "bob")
    then = int(time.time()) - 600
    response = traveller.sign_in(there, query="?prompt=login", auth_time=then, amr=["mfa"])
    assert response.status_code == 400  # bob was asked to prove anew who he is; ada's sign-in is not fresh either
    traveller.go()
    assert traveller.come_back(there.approve(traveller.address, auth_time=then, amr=["mfa"])).status_code == 302
    [session] = signed_in(ada)
    assert (session.acr, int(session.auth_time.timestamp())) == ("2", then)
    assert signed_in(bob) == []
    assert UpstreamSignIn.objects.get().login == session


def test_a_second_factor_that_the_provider_vouches_for_is_not_asked_for_again(there: Provider) -> None:
    connect(there, trust_amr=True)
    ada = person("ada")
    link(ada, there)
    TOTP.activate(ada, "JBSWY3DPEHPK3PXP")
    assert Traveller().sign_in(there, amr=["pwd", "otp"]).headers["Location"] == "/account/"
    assert Traveller().sign_in(there, amr=["pwd"]).headers["Location"] == "/account/2fa/authenticate/"


def test_an_answer_that_finds_the_browser_s_session_gone_is_refused_in_words(there: Provider) -> None:
    """Two tabs bring it at the same moment: what the first one ended is no fault of ours for the second."""
    connect(there)
    link(person("ada"), there)
    traveller = Traveller()
    answer = there.approve(traveller.go())
    read = SessionStore.load

    def read_and_lose(store: SessionStore) -> dict[str, Any]:
        data = read(store)
        store.delete()
        return data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionStore, "load", read_and_lose)
        assert traveller.come_back(answer).status_code == 400
    assert LoginSession.objects.count() == 0
