"""Nobody reaches an account by an address, a username or a trick: linking (Keycloak CVE-2026-9087, allauth CVE-2025-65431, nOAuth)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from identity.federation.presets import PRESETS
from identity.models import LoginSession, Upstream, User, linked
from tests.identity.test_upstream_sign_in import link
from tests.support.people import PASSWORD, page, person, sign_in
from tests.support.upstream import Provider, Traveller, connect, provider

pytestmark = pytest.mark.django_db

NEWCOMER = "/account/login/newcomer/"
NEW = "several words in a row"


def links(user: User) -> int:
    return SocialAccount.objects.filter(user=user).count()


def arrive(there: Provider, slug: str = "there", **claims: Any) -> tuple[Traveller, Any]:
    traveller = Traveller()
    return traveller, traveller.sign_in(there, slug, **claims)


@pytest.fixture
def victim(there: Provider) -> User:
    return person("victim")


@pytest.mark.parametrize(
    ("members", "claims"),
    [
        ({}, {"email_verified": True}),  # the operator has not said that this provider may vouch
        ({"email_domains": ["other.example"]}, {"email_verified": True}),
        ({"email_domains": ["example.com.evil.example"]}, {"email_verified": True}),
        ({"email_domains": ["*"]}, {"email_verified": False}),
        ({"email_domains": ["*"]}, {"email_verified": None}),
        ({"email_domains": ["*"]}, {"email_verified": "true"}),
        ({"email_domains": ["*"]}, {"email_verified": 1}),
        ({"email_domains": ["*"]}, {"email_verified": True, "email": ["victim@example.com"]}),
        ({"email_domains": ["*"]}, {"email_verified": True, "email": "victim@example.com@evil.example"}),
        ({"email_domains": ["*"]}, {"email_verified": True, "email": "victim@examp\u0131e.com"}),
        ({"email_domains": ["*"]}, {"email_verified": True, "email": "v\u0131ctim@example.com"}),
        ({"email_domains": ["*"]}, {"email_verified": True, "email": "victim@example.com\n"}),
        ({"email_domains": ["*"]}, {"email_verified": True, "email": "x@evil.example", "preferred_username": "victim"}),
        ({"email_domains": ["*"], "preset": "microsoft"}, {"email_verified": True}),
        ({"email_domains": ["*"], "preset": "microsoft"}, {"xms_edov": "false"}),
        ({"email_domains": ["*"], "preset": "google"}, {"email_verified": True}),
    ],
)
def test_an_address_alone_reaches_nobody(
    there: Provider, victim: User, members: dict[str, Any], claims: dict[str, Any]
) -> None:
    """Unverified, not believed, mutable, or merely alike (CVE-2026-15611, CVE-2019-19844, mastodon GHSA-vm39, nOAuth)."""
    connect(there, **members)
    _, response = arrive(there, **{"sub": "mallory", "email": "victim@example.com", **claims})
    assert response.headers["Location"] == NEWCOMER
    assert links(victim) == 0
    assert LoginSession.objects.count() == 0


@pytest.mark.parametrize(
    ("preset", "claims"),
    [
        ("oidc", {"email_verified": True}),
        ("google", {"email_verified": True, "hd": "example.com"}),
        ("microsoft", {"xms_edov": True}),
    ],
)
def test_three_agree_and_the_account_is_linked_and_its_owner_told(
    there: Provider, victim: User, preset: str, claims: dict[str, Any]
) -> None:
    """The operator, the provider, and the address that was confirmed here."""
    connect(there, preset=preset, email_domains=["example.com"])
    _, response = arrive(there, email="Victim@Example.com", **claims)
    assert response.headers["Location"] == "/account/"
    assert links(victim) == 1
    assert [message.to for message in mail.outbox] == [["victim@example.com"]]
    assert "There (victim@example.com)" in str(mail.outbox[0].body)


@pytest.mark.parametrize(
    ("preset", "claims", "believed"),
    [
        ("oidc", {"email_verified": True}, True),
        ("oidc", {"email_verified": "true"}, False),
        ("apple", {"email_verified": "true"}, True),
        ("apple", {"email_verified": "false"}, False),
        ("google", {"email": "Ada@Gmail.com", "email_verified": True}, True),
        ("google", {"email": "ada@gmail.com.evil.example", "email_verified": True}, False),
        ("microsoft", {"xms_edov": "1"}, True),
        ("microsoft", {"email_verified": True, "verified_primary_email": ["x"]}, False),
        ("facebook", {"email_verified": True}, False),
        ("linkedin", {"email_verified": True}, True),
    ],
)
def test_each_provider_says_in_its_own_words_whether_it_asked(
    preset: str, claims: dict[str, Any], believed: bool
) -> None:
    assert PRESETS[preset].has_verified_email(claims) is believed


def test_an_account_that_merely_typed_the_address_is_never_merged(there: Provider, mailoutbox: list[Any]) -> None:
    """Pre-hijacking (Keycloak #53041): the owner of the address gets an account of their own, confirmed, and the squatter nothing."""
    connect(there, email_domains=["*"], sign_up="automatic")
    squatter = User.objects.create_user("squatter", "victim@example.com", PASSWORD)
    User.objects.give_email(squatter, "victim@example.com", verified=False)
    _, response = arrive(there, email="victim@example.com")
    assert response.headers["Location"] == "/account/"
    assert links(squatter) == 0
    [account] = SocialAccount.objects.all()
    assert account.user != squatter
    assert User.objects.owns_email(account.user)
    # Nor can the squatter confirm the address any more.
    assert not EmailAddress.objects.get(user=squatter).can_set_verified()


def test_the_form_for_newcomers_lets_the_owner_of_an_address_past_a_squatter(there: Provider) -> None:
    connect(there, email_domains=["*"])
    squatter = User.objects.create_user("squatter", "victim@example.com", PASSWORD)
    User.objects.give_email(squatter, "victim@example.com", verified=False)
    traveller, _ = arrive(there, email="victim@example.com")
    traveller.browser.post(NEWCOMER + "new/", {"username": "victim", "email": "victim@example.com"})
    assert User.objects.owns_email(User.objects.get(username="victim"))


@pytest.mark.parametrize("guard", ["staff", "superuser", "second factor"])
def test_operators_and_people_with_a_second_factor_are_not_reached_by_an_address(
    there: Provider, victim: User, guard: str
) -> None:
    connect(there, email_domains=["*"], sign_up="automatic")
    User.objects.filter(pk=victim.pk).update(is_staff=guard == "staff", is_superuser=guard == "superuser")
    if guard == "second factor":
        TOTP.activate(victim, "JBSWY3DPEHPK3PXP")
    _, response = arrive(there, email="victim@example.com")
    assert response.headers["Location"] == NEWCOMER
    assert links(victim) == 0
    assert User.objects.count() == 1


def test_an_address_that_changes_there_changes_nothing_here(there: Provider, victim: User) -> None:
    """Who is linked is known by the subject; neither the account nor the address that a password reset goes to moves."""
    connect(there, email_domains=["*"], sync_claims="always")
    mallory = person("mallory")
    link(mallory, there, "mallory-there")
    _, response = arrive(there, sub="mallory-there", email="victim@example.com")
    assert response.headers["Location"] == "/account/"
    [session] = LoginSession.objects.all()
    assert session.user == mallory
    mallory.refresh_from_db()
    assert mallory.email == "mallory@example.com"
    assert links(victim) == 0


def test_an_address_that_was_given_to_somebody_else_opens_no_account(there: Provider, victim: User) -> None:
    """Recycled addresses: another subject is another person, until they prove otherwise."""
    connect(there)
    link(victim, there, "the-former-owner")
    _, response = arrive(there, sub="the-new-owner", email="victim@example.com")
    assert response.headers["Location"] == NEWCOMER
    assert links(victim) == 1


def test_the_page_for_newcomers_tells_nobody_who_has_an_account(there: Provider, victim: User) -> None:
    connect(there)
    texts = []
    for email in ("victim@example.com", "nobody@example.com"):
        traveller, _ = arrive(there, email=email)
        texts.append(page(traveller.browser.get(NEWCOMER)).replace(email, "…"))
    assert texts[0] == texts[1]


def test_a_new_account_with_somebody_s_address_mails_its_owner_and_makes_nothing(there: Provider, victim: User) -> None:
    """CVE-2025-7365: the address in the form can be changed; it is worth nothing until it is confirmed."""
    connect(there, email_domains=["*"])
    traveller, _ = arrive(there, sub="mallory", email="mallory@evil.example")
    traveller.browser.post(NEWCOMER + "new/", {"username": "mallory", "email": "victim@example.com"})
    assert User.objects.count() == 1
    assert SocialAccount.objects.count() == 0
    assert [message.to for message in mail.outbox] == [["victim@example.com"]]


def test_an_address_that_was_typed_into_the_form_is_not_confirmed_by_the_provider(there: Provider) -> None:
    connect(there, email_domains=["*"])
    traveller, _ = arrive(there, sub="mallory", email="mallory@evil.example")
    traveller.browser.post(NEWCOMER + "new/", {"username": "mallory", "email": "later@example.com"})
    assert [address.verified for address in EmailAddress.objects.all()] == [False]
    assert LoginSession.objects.count() == 0


# ---------- proving an account here, then linking ----------


def test_who_proves_an_account_here_links_it_by_saying_so(there: Provider, victim: User) -> None:
    connect(there)
    traveller, _ = arrive(there, email="victim@example.com")
    confirm = NEWCOMER + "link/"
    assert traveller.browser.get(confirm).headers["Location"] == f"/account/login/?next={confirm}"
    sign_in(traveller.browser, "victim", query=f"?next={confirm}")
    page = traveller.browser.get(confirm)
    assert b"Signed in as <strong>victim</strong>" in page.content
    assert links(victim) == 0
    assert traveller.browser.post(confirm).status_code == 303
    assert links(victim) == 1
    # Spent: nothing is left that could link again (CVE-2026-92358).
    SocialAccount.objects.all().delete()
    assert traveller.browser.post(confirm).status_code == 400
    assert links(victim) == 0


def test_what_waits_to_be_linked_belongs_to_one_browser_and_ten_minutes(there: Provider, victim: User) -> None:
    """CVE-2026-9087, CVE-2026-82968: a proof that was kept beside the session linked another account."""
    connect(there)
    traveller, _ = arrive(there, sub="mallory")
    other = Browser()
    sign_in(other, "victim")
    assert other.post(NEWCOMER + "link/").status_code == 400
    sign_in(traveller.browser, "victim")
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert traveller.browser.post(NEWCOMER + "link/").status_code in {303, 400}
    assert links(victim) == 0


def test_only_who_was_last_there_is_linked(there: Provider, victim: User) -> None:
    """A second account elsewhere in the same browser replaces the first, and the page names it."""
    connect(there)
    traveller, _ = arrive(there, sub="first", email="first@there.example")
    traveller.sign_in(there, sub="second", email="second@there.example")
    sign_in(traveller.browser, "victim")
    assert b"second@there.example" in traveller.browser.get(NEWCOMER + "link/").content
    traveller.browser.post(NEWCOMER + "link/")
    assert linked.find(there.issuer, "second") is not None
    assert linked.find(there.issuer, "first") is None


def test_who_signed_in_long_ago_proves_anew_before_anything_is_linked(there: Provider, victim: User) -> None:
    """ASVS 7.5.1."""
    connect(there)
    traveller = Traveller()
    sign_in(traveller.browser, "victim")
    LoginSession.objects.update(auth_time=timezone.now() - timedelta(minutes=6), proofs=[])
    response = traveller.browser.post("/account/login/with/there/", {"process": "link"})
    assert response.headers["Location"] == "/account/reauthenticate/?next=%2Faccount%2Fconnections%2F"
    account = link(victim, there)
    unlink = f"/account/connections/{account.pk}/unlink/"
    assert traveller.browser.post(unlink).headers["Location"].startswith("/account/reauthenticate/")
    assert links(victim) == 1
    traveller.browser.post("/account/reauthenticate/", {"password": PASSWORD})
    assert traveller.browser.post(unlink).headers["Location"] == "/account/connections/"
    assert links(victim) == 0


def test_a_page_elsewhere_can_neither_begin_to_link_nor_bring_its_own_account(there: Provider, victim: User) -> None:
    """Linking CSRF: the attacker's account there would open the victim's account here."""
    connect(there)
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(victim, backend="identity.sign_in.backend.OneHashBackend")
    assert browser.post("/account/login/with/there/", {"process": "link"}).status_code == 403
    assert browser.get("/account/login/with/there/?process=link").headers["Location"] == "/account/login/"
    attacker = Traveller()
    sign_in(attacker.browser, person("mallory").username)
    answer = there.approve(attacker.go(process="link"), sub="mallory-there")
    victims = Traveller(browser)
    assert victims.come_back(answer).status_code == 400
    assert links(victim) == 0


def test_a_link_that_one_person_began_is_not_finished_by_another(there: Provider, victim: User) -> None:
    connect(there)
    traveller = Traveller()
    mallory = person("mallory")
    sign_in(traveller.browser, "mallory")
    answer = there.approve(traveller.go(process="link"))
    states = traveller.browser.session["socialaccount_states"]
    sign_in(traveller.browser, "victim", query="?prompt=login")
    session = traveller.browser.session
    session["socialaccount_states"] = states  # even if it had outlived the change of person
    session.save()
    response = traveller.come_back(answer)
    assert response.status_code == 400
    assert b"Another person signed in here meanwhile" in response.content
    assert links(victim) + links(mallory) == 0


def test_an_account_that_opens_another_person_s_is_not_taken_from_them(there: Provider, victim: User) -> None:
    connect(there)
    link(victim, there)
    traveller = Traveller()
    sign_in(traveller.browser, person("mallory").username)
    response = traveller.come_back(there.approve(traveller.go(process="link")))
    assert response.status_code == 400
    assert links(victim) == 1


# ---------- unlinking ----------


def test_the_last_way_in_stays(there: Provider) -> None:
    connect(there)
    ada = person("ada")
    ada.set_unusable_password()
    ada.save()
    account = link(ada, there)
    traveller = Traveller()
    traveller.sign_in(there)
    assert traveller.browser.post(f"/account/connections/{account.pk}/unlink/").status_code == 303
    assert b"only way into your account" in traveller.browser.get("/account/connections/").content
    assert links(ada) == 1


def test_a_provider_that_is_disabled_is_no_way_in(there: Provider) -> None:
    with provider() as other:
        connect(there)
        connect(other, "other", is_active=False)
        ada = person("ada")
        ada.set_unusable_password()
        ada.save()
        account = link(ada, there)
        link(ada, other)
        traveller = Traveller()
        traveller.sign_in(there)
        traveller.browser.post(f"/account/connections/{account.pk}/unlink/")
        assert links(ada) == 2
        Upstream.objects.update(is_active=True)
        traveller.browser.post(f"/account/connections/{account.pk}/unlink/")
        assert links(ada) == 1


def test_somebody_else_s_link_cannot_be_taken_away(there: Provider, victim: User) -> None:
    connect(there)
    account = link(victim, there)
    browser = Browser()
    sign_in(browser, person("mallory").username)
    browser.post(f"/account/connections/{account.pk}/unlink/")
    assert links(victim) == 1


def test_a_password_that_was_reset_by_mail_leaves_no_other_way_in(there: Provider, victim: User) -> None:
    """The Trojan identifier: whoever linked their own account before the owner came is out (Sudhodanan and Paverd, 2022)."""
    connect(there)
    link(victim, there, "mallory-there")
    browser = Browser()
    browser.post("/account/password/reset/", {"email": "victim@example.com"})
    address = next(word for word in str(mail.outbox[0].body).split() if "/password/reset/key/" in word)
    path = "/" + address.split("/", 3)[3]
    browser.post(browser.get(path).headers["Location"], {"password1": NEW, "password2": NEW})
    assert links(victim) == 0
    assert [message.subject for message in mail.outbox[1:]]


def test_allauths_own_pages_of_this_lead_to_ours(there: Provider) -> None:
    """They know neither the last way in nor who may link."""
    for path in ("3rdparty/", "3rdparty/signup/", "3rdparty/login/error/", "social/connections/"):
        assert Browser().get(f"/account/{path}").headers["Location"] == "/account/connections/"
