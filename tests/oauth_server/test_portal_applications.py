"""Developers register and look after their applications; nobody else sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from identity.models import User
from oauth_server.audit.events_operator import ClientDisabled
from oauth_server.audit.record import record
from oauth_server.clients import metadata, registry
from oauth_server.clients.secrets import matches
from oauth_server.models import AuditEvent, Client, ClientSecret
from oauth_server.portal.urls import people, table
from oauth_server.settings.features import Features, Limits
from oauth_server.tokens import standing
from tests.support.operators import furnish, person, signed_in

pytestmark = pytest.mark.django_db

WEB = {
    "name": "Field notes",
    "redirect_uris": "https://notes.example/callback\r\nhttp://127.0.0.1/callback\r\n",
    "post_logout_redirect_uris": "",
    "scopes": ["openid", "email"],
}


@pytest.fixture
def ada() -> User:
    return person()


@pytest.fixture
def browser(ada: User) -> Browser:
    return signed_in(ada)


def create(browser: Browser, kind: str = "web", **said: Any) -> Client:
    """Register by the form."""
    with override_settings(REGISTRATION_SCOPES=("reports:read",)):
        form = WEB | said if kind != "service" else {"name": "Nightly report", "more_scopes": "reports:read"} | said
        response = browser.post(reverse("portal_create", args=[kind]), form)
    assert response.status_code == 303, response.context["form"].errors
    return Client.objects.latest("pk")


def live(client: Client) -> Any:
    """As the protocol sees it."""
    registered = registry.get(client.client_id)
    assert registered is not None
    return registered


def test_each_kind_is_registered_as_its_name_says(browser: Browser, ada: User) -> None:
    """RFC 7591 §2, RFC 6749 §2.1."""
    web, app = create(browser), create(browser, "app", redirect_uris="com.example.notes:/callback")
    service = create(browser, "service")
    assert (live(web).is_public, live(app).is_public, live(service).is_public) == (False, True, False)
    assert live(web).redirect_uris == ("https://notes.example/callback", "http://127.0.0.1/callback")
    assert live(web).scope == {"openid", "email"}
    assert live(app).application_type == "native"
    assert live(app).pkce_required
    assert live(service).grant_types == {"client_credentials"}
    assert live(service).scope == {"reports:read"}
    assert {client.user_id for client in (web, app, service)} == {ada.pk}
    assert AuditEvent.objects.filter(name="portal:application:registered", user=str(ada.pk)).count() == 3


def test_the_secret_is_shown_once_and_no_cache_keeps_it(browser: Browser) -> None:
    response = browser.post(reverse("portal_create", args=["web"]), WEB)
    client = Client.objects.get()
    assert response.headers["Location"] == reverse("portal_secret", args=[client.pk])
    shown = browser.get(response.headers["Location"])
    secret = shown.context["secret"]
    assert matches(live(client), [secret], timezone.now())
    assert "no-store" in shown.headers["Cache-Control"]
    assert shown.content.decode().count(secret) == 2  # by itself, and in the line to paste
    again = browser.get(response.headers["Location"])
    assert "shown already" in again.content.decode()
    for page in ("portal_secret", "portal_application", "portal_edit", "portal_activity"):
        assert secret not in browser.get(reverse(page, args=[client.pk])).content.decode()


def test_the_secret_that_waits_to_be_shown_lies_encrypted_in_the_session(browser: Browser) -> None:
    """Scorecard L-01: no readable secret in the database, not even for a moment."""
    browser.post(reverse("portal_create", args=["web"]), WEB)
    kept = str(dict(browser.session.items()))
    assert "secret_to_show" in kept
    assert "gth_cs_" not in kept


def test_a_secret_that_waited_too_long_is_not_shown(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    create(browser)
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr("oauth_server.portal.credentials.timezone.now", lambda: later)
    shown = browser.get(reverse("portal_secret", args=[Client.objects.get().pk]))
    assert not shown.context["secret"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": "https://notes.example/#here"}, "redirect_uris"),
        ({"redirect_uris": "http://notes.example/callback"}, "redirect_uris"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"post_logout_redirect_uris": "http://notes.example/"}, "post_logout_redirect_uris"),
        ({"name": "Bank\u202egnp"}, "name"),
        ({"name": ""}, "name"),
        ({"client_uri": "javascript:alert(1)"}, "client_uri"),
        ({"policy_uri": "http://notes.example/policy"}, "policy_uri"),
        ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
        ({"brand_color": "red"}, "brand_color"),
    ],
)
def test_a_refusal_stands_beside_the_field_that_it_names(browser: Browser, said: dict[str, str], field: str) -> None:
    response = browser.post(reverse("portal_create", args=["web"]), WEB | said)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not Client.objects.exists()


def test_an_application_has_a_logo_and_a_colour(browser: Browser) -> None:
    """OpenID Connect Registration §2, logo_uri; brand_color is ours (docs/how-to/brand-it.md)."""
    client = create(browser, logo_uri="https://notes.example/logo.png", brand_color="#7a1f5c")
    assert client.metadata["logo_uri"] == "https://notes.example/logo.png"
    assert client.metadata["brand_color"] == "#7a1f5c"


def test_all_that_is_wrong_is_told_at_once_in_the_words_of_the_form(browser: Browser) -> None:
    said = WEB | {
        "name": "Bank\u202egnp",
        "redirect_uris": "not a uri\r\nhttps://notes.example/callback\r\nhttp://notes.example/callback",
        "post_logout_redirect_uris": "https://notes.example/#x",
        "client_uri": "javascript:alert(1)",
        "policy_uri": "http://notes.example/policy",
    }
    errors = browser.post(reverse("portal_create", args=["web"]), said).context["form"].errors
    assert set(errors) == {"name", "redirect_uris", "post_logout_redirect_uris", "client_uri", "policy_uri"}
    assert errors["redirect_uris"] == [
        "The redirect URI 'not a uri' is no full address: it must begin with a scheme, as https://app.example/callback does.",
        "The redirect URI 'http://notes.example/callback' must use https.",
    ]
    assert errors["policy_uri"] == ["Must use https."]
    assert "_uri " not in str(errors)


def test_a_developer_cannot_slip_in_what_only_operators_set(browser: Browser) -> None:
    """The form carries its own members and no others."""
    client = create(
        browser, introspects="*", skip_authorization="on", profile="openid", client_id="mine", audience="https://x"
    )
    assert live(client).introspects == frozenset()
    assert not live(client).skip_authorization
    assert live(client).profile.name == "oauth21"
    assert client.client_id != "mine"


def test_editing_keeps_the_secret_and_what_an_operator_set(browser: Browser, ada: User) -> None:
    client = create(browser)
    metadata.update(
        client.client_id,
        metadata.describe(client) | {"profile": "openid", "introspects": ["*"], "contacts": ["ops@notes.example"]},
        now=timezone.now(),
    )
    digest = bytes(client.secrets.get().digest)
    page = reverse("portal_edit", args=[client.pk])
    assert browser.get(page).context["form"]["redirect_uris"].value().splitlines() == list(live(client).redirect_uris)
    said = WEB | {
        "name": "Notebook",
        "redirect_uris": "https://notes.example/b",
        "scopes": ["openid"],
        "more_scopes": ["reports:read"],
    }
    with override_settings(REGISTRATION_SCOPES=("reports:read",)):
        assert browser.post(page, said).status_code == 303
    assert (live(client).name, live(client).redirect_uris) == ("Notebook", ("https://notes.example/b",))
    assert live(client).scope == {"openid", "reports:read"}
    assert (live(client).profile.name, live(client).introspects) == ("openid", frozenset({"*"}))
    assert live(client).metadata["contacts"] == ["ops@notes.example"]
    assert bytes(client.secrets.get().digest) == digest
    changed = AuditEvent.objects.get(name="portal:application:changed")
    assert changed.facts["changed"] == "name redirect_uris scopes more_scopes"


def test_a_refused_edit_changes_nothing(browser: Browser) -> None:
    client = create(browser)
    response = browser.post(reverse("portal_edit", args=[client.pk]), WEB | {"redirect_uris": "http://notes.example/"})
    assert response.status_code == 200
    assert "redirect_uris" in response.context["form"].errors
    assert live(client).redirect_uris[0] == "https://notes.example/callback"


def test_two_secrets_live_while_one_replaces_the_other_and_the_former_can_be_ended(browser: Browser) -> None:
    browser.post(reverse("portal_create", args=["web"]), WEB)
    client = Client.objects.get()
    first = browser.get(reverse("portal_secret", args=[client.pk])).context["secret"]
    second = browser.post(reverse("portal_rotate", args=[client.pk]), follow=True).context["secret"]
    now = timezone.now()
    assert matches(live(client), [first], now)
    assert matches(live(client), [second], now)
    assert not matches(live(client), [first], now + timedelta(seconds=settings.LIFETIMES.client_secret_overlap + 1))
    assert "Former secret" in browser.get(reverse("portal_application", args=[client.pk])).content.decode()
    assert browser.post(reverse("portal_end_former", args=[client.pk])).status_code == 303
    assert not matches(live(client), [first], now)
    assert matches(live(client), [second], now)
    assert AuditEvent.objects.filter(name__startswith="portal:secret:").count() == 2


def test_a_public_application_has_no_secret_to_rotate(browser: Browser) -> None:
    client = create(browser, "app")
    assert browser.post(reverse("portal_rotate", args=[client.pk])).headers["Location"] == reverse(
        "portal_application", args=[client.pk]
    )
    assert not ClientSecret.objects.exists()


def test_disabling_ends_every_token_and_enabling_brings_none_back(ada: User) -> None:
    house, browser = furnish(ada), signed_in(ada)
    browser.post(reverse("portal_disable", args=[house.client.pk]))
    house.family.refresh_from_db()
    assert not live(house.client).is_active
    assert house.family.revoked_at is not None
    browser.post(reverse("portal_enable", args=[house.client.pk]))
    house.family.refresh_from_db()
    assert live(house.client).is_active
    assert house.family.revoked_at is not None


def test_a_developer_cannot_enable_what_an_operator_disabled(browser: Browser, ada: User) -> None:
    client = create(browser)
    browser.post(reverse("portal_disable", args=[client.pk]))
    browser.post(reverse("portal_enable", args=[client.pk]))
    standing.disable_client(client.client_id, timezone.now())
    record(ClientDisabled(client_id=client.client_id))
    browser.post(reverse("portal_enable", args=[client.pk]))
    assert not live(client).is_active
    browser.post(reverse("portal_disable", args=[client.pk]))
    browser.post(reverse("portal_enable", args=[client.pk]))
    assert not live(client).is_active


def test_deleting_asks_first_and_leaves_nothing(ada: User) -> None:
    house, browser = furnish(ada), signed_in(ada)
    page = reverse("portal_delete", args=[house.client.pk])
    assert "id_confirm" in browser.get(page).content.decode()
    assert Client.objects.exists()
    assert browser.post(page).status_code == 303
    assert not Client.objects.exists()
    assert registry.get(house.client.client_id) is None
    assert AuditEvent.objects.get(name="portal:application:deleted").user == str(ada.pk)


PAGES = ("portal_application", "portal_edit", "portal_secret", "portal_delete", "portal_activity")
ACTS = ("portal_edit", "portal_disable", "portal_enable", "portal_delete", "portal_rotate", "portal_end_former")


def test_for_everybody_but_its_owner_an_application_does_not_exist(browser: Browser) -> None:
    client = create(browser)
    for other in (signed_in(person("mallory")), signed_in(person("olga", is_staff=True, is_superuser=True))):
        for name in PAGES:
            assert other.get(reverse(name, args=[client.pk])).status_code == 404, name
        for name in ACTS:
            assert other.post(reverse(name, args=[client.pk]), WEB).status_code == 404, name
        assert client.client_id not in other.get(reverse("portal")).content.decode()
    for name in PAGES:
        assert Browser().get(reverse(name, args=[client.pk])).status_code == 302
    client.refresh_from_db()
    assert client.is_active
    assert client.secrets.count() == 1


def test_changes_take_a_post_of_a_page_of_ours(ada: User) -> None:
    client = create(signed_in(ada))
    forger = Browser(enforce_csrf_checks=True)
    forger.force_login(ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    for name in ACTS:
        assert forger.post(reverse(name, args=[client.pk]), WEB).status_code == 403, name
    for name in ("portal_disable", "portal_enable", "portal_rotate", "portal_end_former"):
        assert forger.get(reverse(name, args=[client.pk])).status_code == 405, name
    assert forger.post(reverse("portal_create", args=["web"]), WEB).status_code == 403


def test_one_person_registers_so_many_and_no_more(browser: Browser, settings: Any) -> None:
    settings.LIMITS = Limits(clients_per_person=2)
    create(browser)
    create(browser, "service")
    response = browser.post(reverse("portal_create", args=["web"]), WEB)
    assert response.status_code == 200
    assert "2 applications" in str(response.context["form"].non_field_errors())
    assert Client.objects.count() == 2


def test_without_the_feature_only_the_connected_apps_remain() -> None:
    assert table(Features(portal=False)) == []
    assert {"connected_apps", "connected_apps_withdraw"} < {pattern.name for pattern in people}
    assert {"portal", "portal_create"} < {pattern.name for pattern in table(Features())}


def test_pages_are_for_people_with_a_live_sign_in_and_in_no_cache(browser: Browser) -> None:
    for page in (reverse("portal"), reverse("portal_new"), reverse("portal_create", args=["web"])):
        assert Browser().get(page).status_code == 302
        assert "no-store" in browser.get(page).headers["Cache-Control"]
    assert browser.get(reverse("portal_create", args=["toaster"])).status_code == 404


def test_a_name_is_text_whatever_it_says(browser: Browser) -> None:
    client = create(browser, name="<script>alert(1)</script>")
    for page in (
        reverse("portal"),
        reverse("portal_application", args=[client.pk]),
        reverse("portal_delete", args=[client.pk]),
    ):
        assert "<script>alert" not in browser.get(page).content.decode()
