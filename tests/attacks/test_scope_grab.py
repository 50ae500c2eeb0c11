"""A developer who gives an own client whatever scope or audience an API trusts (OWASP API5; RFC 6749 §3.3, RFC 8707 §2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from identity.models import User
from oauth_server.clients import metadata
from oauth_server.models import Client
from oauth_server.protocol.errors import InvalidClientMetadata
from tests.support.operators import person, signed_in

pytestmark = pytest.mark.django_db

OFFERED = {"REGISTRATION_SCOPES": ("orders:read",), "REGISTRATION_AUDIENCES": ("https://orders.example",)}
WEB = {"name": "Field notes", "redirect_uris": "https://notes.example/callback", "scopes": ["openid"]}
MEMBERS: dict[str, Any] = {"redirect_uris": ["https://notes.example/callback"], "scope": "openid"}


@pytest.fixture
def ada() -> User:
    return person()


@pytest.fixture
def browser(ada: User) -> Browser:
    return signed_in(ada)


def send(browser: Browser, kind: str, **said: Any) -> Any:
    form = ({"name": "Nightly report"} if kind == "service" else WEB) | said
    return browser.post(reverse("portal_create", args=[kind]), form)


@pytest.mark.parametrize("kind", ["service", "web", "app"])
@pytest.mark.parametrize("grabbed", ["payroll:write", "orders:read payroll:write", "openid payroll:write"])
@override_settings(**OFFERED)
def test_a_scope_that_is_not_offered_cannot_be_registered(browser: Browser, kind: str, grabbed: str) -> None:
    """Of the choices of the form, and of nothing that is posted past them."""
    for said in ({"more_scopes": grabbed.split()}, {"more_scopes": grabbed}, {"scopes": grabbed.split()}):
        answered = send(browser, kind, **said)
        wide = {scope for client in Client.objects.all() for scope in client.scope.split()}
        assert "payroll:write" not in wide
        assert answered.status_code in {200, 303}


@pytest.mark.parametrize("kind", ["service", "web"])
@override_settings(**OFFERED)
def test_what_is_offered_can_be_chosen(browser: Browser, kind: str) -> None:
    """And the page says what that is."""
    page = browser.get(reverse("portal_create", args=[kind])).content.decode()
    assert "orders:read" in page
    assert "https://orders.example" in page
    assert send(browser, kind, more_scopes="orders:read", audience="https://orders.example").status_code == 303
    client = Client.objects.get()
    assert "orders:read" in client.scope.split()
    assert client.audience == ["https://orders.example"]


def test_where_nothing_is_offered_the_page_says_so(browser: Browser) -> None:
    page = browser.get(reverse("portal_create", args=["service"])).content.decode()
    assert "No scope of an API is offered" in page
    assert "id_more_scopes" not in page
    assert send(browser, "service", more_scopes="payroll:write", audience="https://payroll.example").status_code == 303
    assert (Client.objects.get().scope, Client.objects.get().audience) == ("", [])


@override_settings(**OFFERED)
def test_editing_gains_nothing_and_keeps_what_an_operator_gave(browser: Browser, ada: User) -> None:
    given = MEMBERS | {"scope": "openid payroll:read", "audience": ["https://payroll.example"]}
    client, _ = metadata.register(given, owner=ada, now=timezone.now())
    edit = reverse("portal_edit", args=[client.pk])
    more = ["payroll:read", "payroll:write"]
    assert browser.post(edit, WEB | {"more_scopes": more}).status_code == 200
    client.refresh_from_db()
    assert client.scope == "openid payroll:read"
    kept = {"more_scopes": ["payroll:read", "orders:read"], "audience": ["https://orders.example"]}
    assert browser.post(edit, WEB | kept).status_code == 303
    client.refresh_from_db()
    assert client.scope == "openid payroll:read orders:read"
    assert client.audience == ["https://payroll.example", "https://orders.example"]
    assert browser.post(edit, WEB | {"more_scopes": ["payroll:read"]}).status_code == 303
    client.refresh_from_db()
    assert client.audience == ["https://payroll.example"]


@override_settings(**OFFERED)
def test_the_rule_stands_below_the_form(ada: User) -> None:
    """Whatever page comes to register for a developer: ``clients.metadata`` refuses too."""
    for scope in ("payroll:write", "openid payroll:write"):
        with pytest.raises(InvalidClientMetadata, match="payroll:write"):
            metadata.register(MEMBERS | {"scope": scope}, now=timezone.now(), by_operator=False)
    client, _ = metadata.register(
        MEMBERS | {"audience": ["https://payroll.example"]}, owner=ada, now=timezone.now(), by_operator=False
    )
    assert client.audience == []
    with pytest.raises(InvalidClientMetadata, match="payroll:write"):
        metadata.update(client.client_id, MEMBERS | {"scope": "payroll:write"}, now=timezone.now(), by_operator=False)
