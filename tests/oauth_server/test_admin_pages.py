"""Every operators' page: for operators alone, and without a secret on it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from identity.models import LoginSession, User
from identity.sessions.end import end_all
from oauth_server.admin.base import ListedAdmin
from tests.support.operators import House, furnish, operator, person, signed_in

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def address(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=[quote(arg) for arg in args])


def pages(model: type[Model]) -> list[str]:
    """The list, and each row's page and history."""
    found = [address(model, "changelist")]
    if not isinstance(admin.site._registry[model], ListedAdmin):
        for row in model._default_manager.all():
            found += [address(model, "change", row.pk), address(model, "history", row.pk)]
    return found


@pytest.fixture
def house() -> House:
    return furnish(person())


@pytest.fixture
def browser() -> Browser:
    return signed_in(operator())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_an_operator_sees_every_page_and_no_secret_token_or_digest_on_it(
    model: type[Model], house: House, browser: Browser
) -> None:
    """Scorecard L-01: nothing that signs in, redeems, refreshes or signs stands on a page."""
    for page in pages(model):
        response = browser.get(page)
        assert response.status_code == 200, page
        html = response.content.decode()
        shown = [canary for canary in house.canaries if canary in html]
        assert not shown, page


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_nobody_but_operators_gets_in(model: type[Model], house: House) -> None:
    """Strangers are sent to our own sign-in page; people who are no operators are told no."""
    stranger, visitor = Browser(), signed_in(person("mallory"))
    for page in pages(model):
        assert stranger.get(page).status_code == 302
        followed = visitor.get(page, follow=True)
        assert followed.status_code == 403, page


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_an_operator_without_a_role_sees_nothing(model: type[Model], house: House) -> None:
    """Being staff opens the door; what is behind it follows Django's permissions."""
    browser = signed_in(person("sam", is_staff=True))
    for page in pages(model):
        assert browser.get(page).status_code == 403, page


def test_a_row_whose_address_would_be_a_digest_has_no_page(house: House, browser: Browser) -> None:
    for model in (model for model in MODELS if isinstance(admin.site._registry[model], ListedAdmin)):
        row = model._default_manager.first()
        assert row is not None
        for page in ("change", "history", "delete"):
            for key in (row.pk, bytes(row.pk).hex()):
                assert browser.get(address(model, page, key)).status_code in {302, 403, 404}


def test_every_stored_thing_that_operators_act_on_is_listed() -> None:
    assert {model._meta.label for model in MODELS} == {
        "auth.Group", "identity.Invitation", "identity.LoginSession", "identity.Upstream", "identity.User", "oauth_server.AccessToken", "oauth_server.AuditEvent",
        "oauth_server.AuthorizationCode", "oauth_server.Client", "oauth_server.Consent", "oauth_server.OutboxMessage",
        "oauth_server.RefreshToken", "oauth_server.SigningKey", "oauth_server.TokenFamily",
    }  # fmt: skip


def test_the_door_is_the_sign_in_page_of_everybody(house: House) -> None:
    response = Browser().get("/admin/", follow=True)
    assert response.redirect_chain[-1] == ("/account/login/?next=/admin/", 302)


def test_the_door_leads_nowhere_else(browser: Browser) -> None:
    """RFC 9700 §4.11: no open redirect."""
    assert browser.get("/admin/login/?next=https://evil.example/").headers["Location"] == "/admin/"
    assert Browser().get("/admin/login/?next=//evil.example/").headers["Location"] == "/account/login/?next=/admin/"


def test_an_operator_whose_sign_in_was_ended_is_out_at_once(browser: Browser) -> None:
    assert browser.get("/admin/").status_code == 200
    end_all(User.objects.get(username="olga"), timezone.now(), "signed_out_elsewhere")
    assert browser.get("/admin/").status_code == 302
    assert not LoginSession.objects.live(timezone.now()).exists()


def test_passwords_are_changed_on_the_account_pages(browser: Browser) -> None:
    assert browser.get("/admin/password_change/").headers["Location"] == reverse("account_change_password")


def test_the_policy_of_the_admin_lets_no_inline_script_run_and_nobody_else_in(browser: Browser) -> None:
    """Only the admin's pages may compute with ``eval`` (docs/decisions); no page of it may load from elsewhere."""
    policy = browser.get("/admin/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if " " in part.strip())
    assert "'unsafe-inline'" not in directives["script-src"]
    assert not any("http" in value or "*" in value for value in directives.values())
    assert "unsafe-eval" not in browser.get("/account/login/").headers["Content-Security-Policy"]
