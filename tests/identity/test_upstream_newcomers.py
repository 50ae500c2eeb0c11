"""Newcomers, the way to a provider, and providers that are no plain OpenID Provider."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.utils import timezone

from identity.account.invite import invite
from identity.models import User
from tests.identity.test_upstream_sign_in import link, signed_in
from tests.support.people import person
from tests.support.upstream import Provider, Traveller, connect

pytestmark = pytest.mark.django_db


def test_newcomers_choose_between_their_account_here_and_a_new_one(there: Provider) -> None:
    connect(there)
    traveller = Traveller()
    response = traveller.sign_in(there)
    assert response.headers["Location"] == "/account/login/newcomer/"
    page = traveller.browser.get("/account/login/newcomer/").content.decode()
    assert "You come as ada@there.example at There" in page
    assert User.objects.count() == 0


def test_a_new_account_is_made_with_a_form_and_its_address_is_confirmed_by_mail(
    there: Provider, mailoutbox: list[Any]
) -> None:
    connect(there)
    traveller = Traveller()
    traveller.sign_in(there, preferred_username="ada", name="Ada There")
    form = traveller.browser.get("/account/login/newcomer/new/").content.decode()
    assert 'value="ada"' in form
    assert 'value="ada@there.example"' in form
    traveller.browser.post("/account/login/newcomer/new/", {"username": "ada", "email": "ada@there.example"})
    ada = User.objects.get()
    assert (ada.username, ada.email, ada.name, ada.has_usable_password()) == (
        "ada",
        "ada@there.example",
        "Ada There",
        False,
    )
    assert EmailAddress.objects.get().verified is False
    assert [mail.to for mail in mailoutbox] == [["ada@there.example"]]
    assert signed_in(ada) == []
    # Confirmed, the account opens by the provider.
    EmailAddress.objects.update(verified=True)
    assert Traveller().sign_in(there).headers["Location"] == "/account/"


@pytest.mark.parametrize("mode", ["invited", "closed"])
def test_an_invitation_that_is_not_spent_lets_in_no_newcomers(there: Provider, settings: Any, mode: str) -> None:
    """Else one link, which a sign-up by a provider does not spend, would make any number of accounts."""
    settings.SIGN_UP = mode
    connect(there)
    traveller = Traveller()
    invite("kim@example.com", timezone.now())
    (path,) = re.findall(r"/account/invitation/\S+/", str(mail.outbox[0].body))
    traveller.browser.get(path)
    traveller.sign_in(there, preferred_username="ada")
    traveller.browser.post("/account/login/newcomer/new/", {"username": "ada", "email": "ada@there.example"})
    assert User.objects.count() == 0


def test_newcomers_have_an_address_of_a_domain_that_may_sign_up(there: Provider, settings: Any) -> None:
    settings.SIGN_UP_DOMAINS = ("example.com",)
    connect(there)
    traveller = Traveller()
    traveller.sign_in(there, preferred_username="ada")
    page = "/account/login/newcomer/new/"
    answer = traveller.browser.post(page, {"username": "ada", "email": "ada@there.example"})
    assert "Only addresses of example.com" in answer.content.decode()
    assert User.objects.count() == 0


def test_newcomers_do_not_learn_that_somebody_here_has_an_address(there: Provider) -> None:
    """Where a sign-up leads that is given up is the same for any address (scorecard T-02)."""
    person("bob")
    connect(there)
    ends = []
    for sub, address in (("one", "new@example.com"), ("two", "bob@example.com")):
        traveller = Traveller()
        traveller.come_back(there.approve(traveller.go(query="?next=/account/profile/"), sub=sub))
        traveller.browser.post("/account/login/newcomer/new/", {"username": sub, "email": address})
        ends.append(traveller.browser.post("/account/login/cancel/").headers["Location"])
    assert ends == ["/account/profile/", "/account/profile/"]


def test_who_is_believed_about_addresses_makes_an_account_that_is_confirmed(
    there: Provider, mailoutbox: list[Any]
) -> None:
    connect(there, email_domains=["there.example"])
    traveller = Traveller()
    traveller.sign_in(there, preferred_username="ada")
    response = traveller.browser.post("/account/login/newcomer/new/", {"username": "ada", "email": "ada@there.example"})
    assert response.headers["Location"] == "/account/"
    assert EmailAddress.objects.get().verified
    assert mailoutbox == []


def test_accounts_are_made_without_a_question_where_the_operator_says_so(there: Provider) -> None:
    connect(there, email_domains=["there.example"], sign_up="automatic")
    response = Traveller().sign_in(there, preferred_username="ada", name="Ada There")
    assert response.headers["Location"] == "/account/"
    ada = User.objects.get()
    assert (ada.username, ada.name) == ("ada", "Ada There")
    assert User.objects.owns_email(ada)
    # A username that somebody has already is not taken from them.
    Traveller().sign_in(there, sub="other", email="ada2@there.example", preferred_username="ada")
    assert User.objects.count() == 2
    assert User.objects.exclude(pk=ada.pk).get().username != "ada"


@pytest.mark.parametrize(
    "rule", [{"SIGN_UP_DOMAINS": ("example.com",)}, {"SIGN_UP": "invited"}, {"SIGN_UP": "closed"}], ids=str
)
def test_nobody_is_let_in_without_a_question_whom_the_form_would_refuse(
    there: Provider, settings: Any, rule: dict[str, Any]
) -> None:
    """The operator's rule for the whole server stands above what one provider is allowed."""
    for name, value in rule.items():
        setattr(settings, name, value)
    connect(there, email_domains=["*"], sign_up="automatic")
    traveller = Traveller()
    response = traveller.sign_in(there, preferred_username="ada")
    assert response.headers["Location"] == "/account/login/newcomer/"
    traveller.browser.post("/account/login/newcomer/new/", {"username": "ada", "email": "ada@there.example"})
    assert User.objects.count() == 0


def test_a_provider_for_linked_people_only_makes_no_accounts(there: Provider) -> None:
    connect(there, sign_up="closed")
    response = Traveller().sign_in(there)
    assert response.status_code == 400
    assert b"No account here is linked to this There account" in response.content
    assert User.objects.count() == 0


def test_the_sign_in_page_offers_providers_and_asks_nobody_else(there: Provider) -> None:
    connect(there, preset="oidc")
    connect(there, "hidden", is_offered=False)
    connect(there, "off", is_active=False)
    page = Traveller().browser.get("/account/login/?next=/account/profile/").content.decode()
    assert "Continue with There" in page
    assert 'action="/account/login/with/there/?next=%2Faccount%2Fprofile%2F"' in page
    assert "/with/hidden/" not in page
    assert "/with/off/" not in page
    assert there.asked == []


def without_form(response: Any) -> str:
    """A page without what was typed and the token of its form."""
    return re.sub(r'value="[^"]*"', "", response.content.decode())


def test_an_address_leads_home_by_its_domain_alone(there: Provider) -> None:
    """Home-realm discovery says nothing about who has an account."""
    connect(there, home_domains=["there.example"], is_offered=False)
    person("ada")
    known = Traveller().browser.post("/account/login/organisation/", {"email": "ada@example.com"})
    unknown = Traveller().browser.post("/account/login/organisation/", {"email": "nobody@example.com"})
    assert without_form(known) == without_form(unknown)
    traveller = Traveller()
    response = traveller.browser.post("/account/login/organisation/", {"email": "Bob@There.Example"})
    assert b"login_hint=Bob%40There.Example" in response.content.replace(b"&amp;", b"&")


def test_a_pure_oauth_provider_is_asked_who_came(there: Provider) -> None:
    """GitHub's way: no ID token; the verified primary address at an endpoint of its own."""
    there.extra_routes = {
        "/user": {"id": 583231, "login": "ada", "name": "Ada"},
        "/emails": [
            {"email": "old@there.example", "primary": False, "verified": True},
            {"email": "Ada@There.example", "primary": True, "verified": True},
        ],
    }
    row = connect(
        there,
        "git",
        preset="github",
        endpoints={
            "authorization_endpoint": f"{there.issuer}/authorize",
            "token_endpoint": f"{there.issuer}/token",
            "userinfo_endpoint": f"{there.issuer}/user",
            "emails_endpoint": f"{there.issuer}/emails",
        },
        email_domains=["*"],
        sign_up="automatic",
    )
    there.mischief.token_response = lambda members: {"access_token": members["access_token"], "token_type": "bearer"}
    traveller = Traveller()
    address = traveller.go("git")
    assert "nonce" not in traveller.asked
    assert traveller.asked["code_challenge_method"] == "S256"
    answer = there.approve(address) | {"iss": row.issuer}
    assert traveller.come_back(answer, "git").headers["Location"] == "/account/"
    [account] = SocialAccount.objects.all()
    assert (account.uid, account.user.username, account.user.email) == ("583231", "ada", "ada@there.example")


def test_a_provider_with_tenants_is_known_by_the_tenant_of_whoever_comes(there: Provider) -> None:
    """Microsoft: the discovery document has a mark where each ID token has a tenant."""
    tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
    there.mischief.document = lambda document: {
        **document,
        "issuer": f"{there.issuer}/{{tenantid}}/v2.0",
        "authorization_response_iss_parameter_supported": False,
    }
    there.extra_routes = {"/common/v2.0/.well-known/openid-configuration": there.document()}
    connect(there, preset="microsoft", issuer=f"{there.issuer}/common/v2.0", sign_up="closed")
    link(person("ada"), there).delete()
    ada = User.objects.get()
    SocialAccount.objects.create(user=ada, provider=f"{there.issuer}/{tenant}/v2.0", uid="ada-there")
    there.mischief.claims = lambda claims: {**claims, "iss": f"{there.issuer}/{claims['tid']}/v2.0"}

    def come(tid: str) -> Any:
        traveller = Traveller()
        answer = there.approve(traveller.go(), tid=tid)
        del answer["iss"]
        return traveller.come_back(answer)

    assert come(tenant).headers["Location"] == "/account/"
    assert come("00000000-0000-0000-0000-000000000000").status_code == 400
    there.mischief.claims = lambda claims: {**claims, "iss": f"{there.issuer}/{tenant}/v2.0"}
    assert come("00000000-0000-0000-0000-000000000000").status_code == 400
