"""A person sees what applications may do and did with their account, and takes it back; it is dead at once."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from identity.models import User
from oauth_server.models import AuditEvent, AuthorizationCode, Consent, RefreshToken, TokenFamily
from tests.support.operators import House, furnish, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return person()


def renew(house: House, address: str, hours: int) -> None:
    at = timezone.now() + timedelta(hours=hours)
    house.family.refresh_tokens.create(
        digest=uuid.uuid4().bytes * 2, application=house.client, created=at, expires=at, ip_address=address, generation=hours,
    )  # fmt: skip


def listed(browser: Browser) -> str:
    return browser.get(reverse("connected_apps")).content.decode()


def page_of(browser: Browser, house: House) -> str:
    return browser.get(reverse("connected_app", args=[house.client.pk])).content.decode()


def test_the_list_says_who_what_for_and_when_last_from_where(ada: User) -> None:
    house = furnish(ada)
    house.session.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    house.session.save()
    assert "· Firefox on Linux" in listed(signed_in(ada)), (
        "where the person signed in to it, as long as it renewed nothing"
    )
    renew(house, "203.0.113.7", 1)
    renew(house, "203.0.113.8", 2)
    response = signed_in(ada).get(reverse("connected_apps"))
    page = response.content.decode()
    for text in ("Field notes", "See your email address", "Know who you are", "203.0.113.8"):
        assert text in page
    assert "203.0.113.7" not in page
    app, asks_again = response.context["connected"][0]
    assert not asks_again
    assert app.last_use == RefreshToken.objects.latest("created").created


def test_the_page_of_one_says_what_it_may_where_it_is_in_use_and_what_it_did(ada: User) -> None:
    house = furnish(ada)
    house.session.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    house.session.save()
    renew(house, "203.0.113.7", 1)
    AuditEvent.objects.create(
        name="authorize:consent:granted", at=timezone.now(), result="success", user=str(ada.pk),
        client_id=house.client.client_id, ip_address="198.51.100.4",
    )  # fmt: skip
    page = page_of(signed_in(ada), house)
    for text in (
        "The address, and whether you proved that it is yours.",
        "1 live access",
        "Firefox on Linux",
        "203.0.113.7",
        "You allowed Field notes something",
        "198.51.100.4",
    ):
        assert text in page


def test_an_application_that_operators_vouch_for_is_listed_too(ada: User) -> None:
    """It never asked; the person sees it all the same, and can end what it holds."""
    house = furnish(ada)
    Consent.objects.all().delete()
    TokenFamily.objects.update(consent=None)
    browser = signed_in(ada)
    assert "Field notes" in listed(browser)
    assert "The operators of this server vouch for it." in page_of(browser, house)
    browser.post(reverse("connected_apps_withdraw", args=[house.client.pk]))
    house.family.refresh_from_db()
    assert house.family.revoked_at is not None
    assert browser.get(reverse("connected_apps")).context["connected"] == []


@pytest.mark.parametrize("end", ["revoked", "expired", "signed out", "consent"])
def test_what_is_dead_is_not_shown_as_in_use(ada: User, end: str) -> None:
    house, now = furnish(ada), timezone.now()
    if end == "revoked":
        TokenFamily.objects.update(revoked_at=now)
    elif end == "expired":
        TokenFamily.objects.update(expires=now)
    elif end == "signed out":
        house.session.ended_at = now
        house.session.save()
    else:
        other = Consent.objects.get()
        Consent.objects.update(revoked_at=now)
        Consent.objects.create(
            user=ada, application=house.client, scope="openid", created=now, updated=now, expires=other.expires
        )
    page = page_of(signed_in(ada), house)
    assert "Nowhere at the moment" in page
    assert "not in use" in listed(signed_in(ada))


def test_offline_access_that_outlives_the_sign_out_is_shown(ada: User) -> None:
    """OpenID Connect Back-Channel Logout §2.7."""
    house = furnish(ada)
    house.session.ended_at = timezone.now()
    house.session.save()
    house.client.offline_access_survives_logout = True
    house.client.save()
    TokenFamily.objects.update(scope="openid offline_access")
    assert "1 live access" in page_of(signed_in(ada), house)


def test_taking_it_back_kills_what_the_application_holds(ada: User) -> None:
    """Design rule 4: consent is re-checked at every use."""
    house, browser = furnish(ada), signed_in(ada)
    response = browser.post(reverse("connected_apps_withdraw", args=[house.client.pk]), follow=True)
    house.family.refresh_from_db()
    house.consent.refresh_from_db()
    assert house.consent.revoked_at is not None
    assert house.family.revoked_at is not None
    assert Consent.objects.live(ada.pk, house.client.pk, timezone.now()) is None
    assert AuthorizationCode.objects.count() == 0, "a code on its way would bring it all back"
    assert "Field notes has no access any more." in response.content.decode()
    assert not response.context["connected"]
    event = AuditEvent.objects.get(name="portal:consent:withdrawn")
    assert (event.user, event.client_id) == (str(ada.pk), house.client.client_id)


def test_nobody_sees_or_takes_back_what_somebody_else_allowed(ada: User) -> None:
    house = furnish(ada)
    mallory = signed_in(person("mallory"))
    for name in ("connected_app", "connected_apps_withdraw"):
        address = reverse(name, args=[house.client.pk])
        answer = mallory.get(address) if name == "connected_app" else mallory.post(address)
        assert answer.status_code == 404
    assert "Field notes" not in listed(mallory)
    house.consent.refresh_from_db()
    assert house.consent.revoked_at is None


def test_it_takes_a_post_of_a_page_of_ours(ada: User) -> None:
    house = furnish(ada)
    forger = Browser(enforce_csrf_checks=True)
    forger.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = reverse("connected_apps_withdraw", args=[house.client.pk])
    assert forger.post(page).status_code == 403
    assert forger.get(page).status_code == 405
    assert Browser().post(page).status_code == 302


def test_an_expired_consent_is_listed_until_it_is_taken_back(ada: User) -> None:
    house = furnish(ada)
    Consent.objects.update(expires=timezone.now() - timedelta(days=1))
    page = listed(signed_in(ada))
    assert house.client.name in page
    assert "asks you again" in page


def test_the_account_pages_lead_there(ada: User) -> None:
    page = signed_in(ada).get("/account/").content.decode()
    assert reverse("connected_apps") in page
    assert reverse("portal") in page
