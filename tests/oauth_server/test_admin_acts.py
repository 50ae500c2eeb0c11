"""What operators do: it happens at once, it is audited with their name, and it takes a POST of a page of ours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from identity.models import LoginSession, User
from oauth_server.clients import registry
from oauth_server.clients.secrets import matches
from oauth_server.models import AuditEvent, Client, ClientSecret, Consent, SigningKey, StateVersion, TokenFamily
from tests.support.operators import House, furnish, operator, person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return furnish(person())


@pytest.fixture
def olga() -> User:
    return operator()


@pytest.fixture
def browser(olga: User) -> Browser:
    return signed_in(olga)


def act(browser: Browser, model: str, action: str, row: Any) -> None:
    """Choose one row of a list and an action, as the page does."""
    response = browser.post(
        reverse(f"admin:{model}_changelist"), {"action": action, "_selected_action": [str(row.pk)], "index": "0"}
    )
    assert response.status_code == 302


def fact(name: str) -> AuditEvent:
    return AuditEvent.objects.get(name=name)


def test_disabling_a_person_ends_their_sessions_and_tokens(house: House, browser: Browser, olga: User) -> None:
    """Design rule 4: disabling ends everything at once."""
    theirs = signed_in(house.user)
    act(browser, "identity_user", "disable", house.user)
    house.family.refresh_from_db()
    assert not User.objects.get(pk=house.user.pk).is_active
    assert not LoginSession.objects.filter(user=house.user, ended_at=None).exists()
    assert house.family.revoked_at is not None
    assert theirs.get("/admin/").status_code == 302
    event = fact("operator:person:disabled")
    assert (event.user, event.facts["operator"]) == (str(house.user.pk), str(olga.pk))


def test_enabling_a_person_brings_no_token_back(house: House, browser: Browser) -> None:
    act(browser, "identity_user", "disable", house.user)
    act(browser, "identity_user", "enable", house.user)
    house.family.refresh_from_db()
    assert User.objects.get(pk=house.user.pk).is_active
    assert house.family.revoked_at is not None
    assert fact("operator:person:enabled")


def test_an_operator_cannot_disable_themselves(browser: Browser, olga: User) -> None:
    act(browser, "identity_user", "disable", olga)
    assert User.objects.get(pk=olga.pk).is_active
    assert not AuditEvent.objects.filter(name="operator:person:disabled").exists()


def lesser_operator(*permissions: str) -> Browser:
    """An operator with a role, who is no superuser."""
    sam = person("sam", is_staff=True)
    sam.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return signed_in(sam)


def test_an_operator_who_may_edit_people_can_neither_make_operators_nor_shut_out_superusers(olga: User) -> None:
    browser, ada = lesser_operator("change_user", "view_user"), person()
    form = {"username": "ada", "address": "{}", "is_staff": "on", "is_superuser": "on", "name": "Ada"}
    inlines = {f"{prefix}-{part}_FORMS": "0" for prefix in ("login_sessions", "emailaddress_set", "authenticator_set")
               for part in ("TOTAL", "INITIAL")}  # fmt: skip
    assert browser.post(reverse("admin:identity_user_change", args=[ada.pk]), form | inlines).status_code == 302
    ada.refresh_from_db()
    assert (ada.name, ada.is_staff, ada.is_superuser) == ("Ada", False, False)
    assert browser.post(reverse("admin:identity_user_change", args=[olga.pk]), form | inlines).status_code == 403
    act(browser, "identity_user", "disable", olga)
    assert User.objects.get(pk=olga.pk).is_active


def test_who_may_only_look_cannot_act(house: House) -> None:
    browser = lesser_operator("view_user", "view_tokenfamily", "view_consent", "view_client", "view_signingkey")
    for model, action, row in (
        ("identity_user", "disable", house.user),
        ("oauth_server_tokenfamily", "revoke", house.family),
        ("oauth_server_consent", "revoke", house.consent),
        ("oauth_server_client", "disable", house.client),
    ):
        browser.post(
            reverse(f"admin:{model}_changelist"), {"action": action, "_selected_action": [str(row.pk)], "index": "0"}
        )
    assert browser.post(reverse("admin:oauth_server_signingkey_rotate")).status_code == 403
    assert browser.post(reverse("admin:oauth_server_client_rotate_secret", args=[house.client.pk])).status_code == 403
    assert browser.post(reverse("admin:oauth_server_client_delete_client", args=[house.client.pk])).status_code == 403
    assert User.objects.get(pk=house.user.pk).is_active
    assert TokenFamily.objects.get().revoked_at is None
    assert Consent.objects.get().revoked_at is None
    assert Client.objects.get().is_active
    assert not AuditEvent.objects.filter(name__startswith="operator:").exists()


def test_an_operator_has_a_reset_mailed_and_never_chooses_the_password(house: House, browser: Browser) -> None:
    """ASVS 6.4.6."""
    EmailAddress.objects.create(user=house.user, email=house.user.email, primary=True, verified=True)
    before = house.user.password
    act(browser, "identity_user", "send_password_reset", house.user)
    house.user.refresh_from_db()
    assert [message.to for message in mail.outbox] == [[house.user.email]]
    assert house.user.password == before
    assert fact("operator:password:reset_sent").user == str(house.user.pk)


def test_an_operator_removes_lost_factors(house: House, browser: Browser) -> None:
    act(browser, "identity_user", "remove_factors", house.user)
    assert not house.user.authenticator_set.exists()
    assert fact("operator:factors:removed").facts["count"] == 1


def test_ending_a_sign_in_signs_that_browser_out_and_ends_its_tokens(house: House, browser: Browser) -> None:
    """ASVS 7.4.5."""
    act(browser, "identity_loginsession", "end_sign_ins", house.session)
    house.family.refresh_from_db()
    house.session.refresh_from_db()
    assert house.session.end_reason == "ended_by_operator"
    assert house.family.revoked_at is not None
    assert fact("operator:session:ended").facts["session"] == house.session.sid


def test_revoking_a_family_ends_it(house: House, browser: Browser) -> None:
    act(browser, "oauth_server_tokenfamily", "revoke", house.family)
    house.family.refresh_from_db()
    assert house.family.revoke_reason == "revoked by operator"
    event = fact("operator:family:revoked")
    assert (event.family, event.client_id) == (str(house.family.pk), house.client.client_id)


def test_revoking_a_consent_ends_what_was_issued_under_it(house: House, browser: Browser) -> None:
    act(browser, "oauth_server_consent", "revoke", house.consent)
    house.family.refresh_from_db()
    house.consent.refresh_from_db()
    assert house.consent.revoked_at is not None
    assert house.family.revoked_at is not None
    act(browser, "oauth_server_consent", "revoke", house.consent)
    assert fact("operator:consent:revoked").client_id == house.client.client_id


def test_disabling_a_client_ends_its_tokens_and_every_process_hears_of_it(house: House, browser: Browser) -> None:
    before = StateVersion.objects.get(name="clients").value
    act(browser, "oauth_server_client", "disable", house.client)
    house.family.refresh_from_db()
    client = registry.get(house.client.client_id)
    assert client is not None
    assert not client.is_active
    assert house.family.revoked_at is not None
    assert StateVersion.objects.get(name="clients").value > before
    assert fact("operator:client:disabled").client_id == house.client.client_id
    act(browser, "oauth_server_client", "enable", house.client)
    client = registry.get(house.client.client_id)
    assert client is not None
    assert client.is_active
    assert client.tokens_not_before is not None
    assert fact("operator:client:enabled")


def test_rotating_a_secret_asks_first_shows_it_once_and_lets_two_live(house: House, browser: Browser) -> None:
    page = reverse("admin:oauth_server_client_rotate_secret", args=[house.client.pk])
    assert b"id_confirm" in browser.get(page).content
    assert ClientSecret.objects.count() == 1
    response = browser.post(page, follow=True)
    secret = response.context["secret"]
    client = registry.get(house.client.client_id)
    assert response.redirect_chain
    assert "no-store" in response.headers["Cache-Control"]
    assert matches(client, [secret], timezone.now())
    assert len(ClientSecret.objects.of(house.client, timezone.now())) == 2
    again = browser.get(response.redirect_chain[-1][0])
    assert again.status_code == 200
    assert secret not in again.content.decode()
    assert fact("operator:secret:rotated").client_id == house.client.client_id
    assert secret not in str(list(AuditEvent.objects.values()))


def client_form(**said: Any) -> dict[str, Any]:
    """What the page of a client sends."""
    return {
        "name": "Bookshop", "user": "", "profile": "oauth21", "application_type": "web",
        "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": "https://shop.example/a\r\nhttps://shop.example/b\r\n", "post_logout_redirect_uris": "",
        "scope": "openid email", "audience": "https://api.example", "introspects": "", "access_token_format": "jwt",
        "access_token_typ": "at+jwt", "access_token_signed_response_alg": "ES256", "id_token_signed_response_alg": "RS256",
        "metadata": "{}", "tokens_not_before_0": "", "tokens_not_before_1": "", "secrets-TOTAL_FORMS": "0",
        "secrets-INITIAL_FORMS": "0",
    } | said  # fmt: skip


def test_an_operator_registers_a_client_by_the_rules_of_registration(browser: Browser) -> None:
    """RFC 7591 §2."""
    response = browser.post(reverse("admin:oauth_server_client_add"), client_form(), follow=True)
    client = Client.objects.get()
    registered = registry.get(client.client_id)
    assert registered is not None
    assert registered.redirect_uris == ("https://shop.example/a", "https://shop.example/b")
    assert registered.response_types == frozenset({"code"})
    assert registered.audience == ("https://api.example",)
    assert matches(registered, [response.context["secret"]], timezone.now())
    assert fact("operator:record:added").client_id == client.client_id


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "metadata"),
        (
            {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"], "redirect_uris": ""},
            "grant_types",
        ),
        ({"post_logout_redirect_uris": "http://shop.example/"}, "post_logout_redirect_uris"),
        ({"metadata": '{"client_uri": "javascript:alert(1)"}'}, "metadata"),
        ({"scope": 'a"b'}, "scope"),
    ],
)
def test_a_refusal_stands_beside_the_field_that_it_names(browser: Browser, said: dict[str, Any], field: str) -> None:
    response = browser.post(reverse("admin:oauth_server_client_add"), client_form(**said))
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert not Client.objects.exists()


def test_changing_a_client_keeps_its_secret_and_is_audited_by_the_names_of_the_fields(browser: Browser) -> None:
    browser.post(reverse("admin:oauth_server_client_add"), client_form())
    client = Client.objects.get()
    digest = bytes(client.secrets.get().digest)
    said = client_form(profile="openid", introspects="*", metadata='{"client_uri": "https://shop.example/"}',
                       tokens_not_before_0="2026-01-31", tokens_not_before_1="12:00:00")  # fmt: skip
    page = reverse("admin:oauth_server_client_change", args=[client.pk])
    assert browser.post(page, said).status_code == 302
    registered = registry.get(client.client_id)
    assert registered is not None
    assert registered.profile.name == "openid"
    assert registered.introspects == frozenset({"*"})
    assert registered.metadata["client_uri"] == "https://shop.example/"
    assert registered.tokens_not_before is not None
    assert bytes(client.secrets.get().digest) == digest
    assert "Security profile" in fact("operator:record:changed").facts["changed"]
    assert browser.get(page).status_code == 200


def test_deleting_a_client_asks_first(house: House, browser: Browser) -> None:
    page = reverse("admin:oauth_server_client_delete_client", args=[house.client.pk])
    assert b"id_confirm" in browser.get(page).content
    assert Client.objects.exists()
    assert browser.post(page).status_code == 302
    assert not Client.objects.exists()
    assert registry.get(house.client.client_id) is None
    assert fact("operator:record:deleted").client_id == house.client.client_id


def test_rotating_keys_asks_first_then_new_keys_sign(house: House, browser: Browser) -> None:
    page = reverse("admin:oauth_server_signingkey_rotate")
    before = set(SigningKey.objects.values_list("kid", flat=True))
    assert b"id_confirm" in browser.get(page).content
    assert set(SigningKey.objects.values_list("kid", flat=True)) == before
    assert browser.post(page).status_code == 302
    now = timezone.now() + timedelta(seconds=1)
    signing = SigningKey.objects.filter(signs_from__lte=now, signs_until=None, removed_at=None)
    assert signing.count() == len(before)
    assert not set(signing.values_list("kid", flat=True)) & before
    assert fact("operator:keys:rotated")


def test_acts_take_a_token_against_forged_requests(house: House, olga: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(olga, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.post(reverse("admin:oauth_server_signingkey_rotate")).status_code == 403
    assert browser.post(reverse("admin:oauth_server_client_rotate_secret", args=[house.client.pk])).status_code == 403


def test_the_audit_log_is_filtered_and_searched(house: House, browser: Browser) -> None:
    log = reverse("admin:oauth_server_auditevent_changelist")
    for query, found in (
        ("suspicious__exact=1", 1),
        ("suspicious__exact=1&name=token:request:refused", 1),
        ("name=token:refresh:reused", 0),
        (f"q={house.client.client_id}&result=failure", 1),
        ("q=nobody", 0),
    ):
        assert len(browser.get(f"{log}?{query}").context["cl"].result_list) == found, query
