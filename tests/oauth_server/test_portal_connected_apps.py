"""A person sees what they allowed, and takes it back; it is dead at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from identity.models import User
from oauth_server.models import AuditEvent, Consent
from oauth_server.models.standing import of_family
from tests.support.operators import furnish, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return person()


def test_the_page_says_who_since_when_what_for_and_when_last(ada: User) -> None:
    house = furnish(ada)
    refreshed = timezone.now() + timedelta(hours=2)
    house.family.refresh_tokens.update(created=refreshed)
    response = signed_in(ada).get(reverse("connected_apps"))
    page = response.content.decode()
    for text in ("Field notes", "See your email address", "Know who you are", f"{house.consent.created:%Y}"):
        assert text in page
    assert response.context["connected"][0].last_use == refreshed


def test_taking_it_back_kills_what_the_application_holds(ada: User) -> None:
    """Design rule 4: consent is re-checked at every use."""
    house, browser = furnish(ada), signed_in(ada)
    response = browser.post(reverse("connected_apps_withdraw", args=[house.consent.pk]), follow=True)
    house.family.refresh_from_db()
    house.consent.refresh_from_db()
    assert house.consent.revoked_at is not None
    assert house.family.revoked_at is not None
    standing = of_family(house.family.pk)
    assert standing is not None
    assert not standing.is_live(timezone.now())
    assert Consent.objects.live(ada.pk, house.client.pk, timezone.now()) is None
    assert "Field notes has no access any more." in response.content.decode()
    assert not response.context["connected"]
    event = AuditEvent.objects.get(name="portal:consent:withdrawn")
    assert (event.user, event.client_id) == (str(ada.pk), house.client.client_id)


def test_nobody_takes_back_what_somebody_else_allowed(ada: User) -> None:
    house = furnish(ada)
    mallory = signed_in(person("mallory"))
    assert mallory.post(reverse("connected_apps_withdraw", args=[house.consent.pk])).status_code == 404
    assert "Field notes" not in mallory.get(reverse("connected_apps")).content.decode()
    house.consent.refresh_from_db()
    assert house.consent.revoked_at is None


def test_it_takes_a_post_of_a_page_of_ours(ada: User) -> None:
    house = furnish(ada)
    forger = Browser(enforce_csrf_checks=True)
    forger.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = reverse("connected_apps_withdraw", args=[house.consent.pk])
    assert forger.post(page).status_code == 403
    assert forger.get(page).status_code == 405
    assert Browser().post(page).status_code == 302


def test_an_expired_consent_is_listed_until_it_is_taken_back(ada: User) -> None:
    house = furnish(ada)
    Consent.objects.update(expires=timezone.now() - timedelta(days=1))
    page = signed_in(ada).get(reverse("connected_apps")).content.decode()
    assert house.client.name in page
    assert "asks you again" in page


def test_the_account_pages_lead_there(ada: User) -> None:
    page = signed_in(ada).get("/account/").content.decode()
    assert reverse("connected_apps") in page
    assert reverse("portal") in page
