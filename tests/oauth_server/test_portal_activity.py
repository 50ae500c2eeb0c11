"""Errors say what to do: the refusals of an application, in words, for its developer."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from oauth_server.audit.context import RequestContext, enter
from oauth_server.audit.events import CodeReplayed, RefreshReused, Refusal, TokenRefused
from oauth_server.audit.events_authorize import AuthorizationRefused
from oauth_server.audit.record import flush, record
from oauth_server.clients import metadata
from oauth_server.models import AuditEvent
from oauth_server.portal.activity import ADVICE, WHAT, in_words
from oauth_server.protocol import errors
from tests.support.operators import furnish, person, signed_in

pytestmark = pytest.mark.django_db


def words(event: Refusal | CodeReplayed | RefreshReused) -> str:
    """The page after this fact."""
    owner = person()
    house = furnish(owner)
    record(replace(event, client_id=house.client.client_id))
    return signed_in(owner).get(reverse("portal_activity", args=[house.client.pk])).content.decode()


def test_the_refusal_the_hint_and_when_are_there_and_the_operators_detail_is_not() -> None:
    enter(RequestContext("feedbeef", "203.0.113.9"))
    page = words(
        TokenRefused(
            error="invalid_grant", description="The code is spent.", hint="Redeem it once.", detail="CANARY row 7"
        )
    )
    for text in ("A token request was refused", "invalid_grant", "The code is spent.", "Redeem it once.", "feedbeef"):
        assert text in page
    assert "CANARY" not in page
    assert "203.0.113.9" not in page


def test_a_refusal_without_a_hint_gets_the_advice_of_its_error() -> None:
    page = words(AuthorizationRefused(error="invalid_scope", description="The scope is unknown."))
    assert "Ask only for scopes that this application is registered for." in page


def test_a_replayed_code_is_explained() -> None:
    assert "Redeem each code once." in words(CodeReplayed())


def test_a_reused_refresh_token_is_explained() -> None:
    assert "do not refresh from two places at once" in words(RefreshReused())


def test_every_error_that_a_client_can_meet_has_advice() -> None:
    """Every refusal of the token endpoint and of the authorization endpoint (RFC 6749 §4.1.2.1, §5.2)."""
    raised = {
        kind.error
        for kind in (
            errors.InvalidClient, errors.InvalidGrant, errors.InvalidRequest, errors.InvalidScope, errors.UnauthorizedClient,
            errors.UnsupportedGrantType, errors.UnsupportedResponseType, errors.InvalidTarget, errors.AccessDenied,
            errors.LoginRequired, errors.ConsentRequired, errors.InteractionRequired,
        )
    }  # fmt: skip
    assert raised <= ADVICE.keys()


def test_a_fact_without_words_of_its_own_is_still_told() -> None:
    event = AuditEvent(name="some:new:fact", at=timezone.now(), facts={"error": "server_error"})
    assert str(in_words(event).what) == "A request was refused"
    assert "token:request:refused" in WHAT


def test_nothing_wrong_is_said_too() -> None:
    owner = person()
    client, _ = metadata.register({"redirect_uris": ["https://a.example/"]}, owner=owner, now=timezone.now())
    page = signed_in(owner).get(reverse("portal_activity", args=[client.pk])).content.decode()
    assert "Nothing went wrong" in page


@pytest.mark.parametrize("by_basic", [True, False])
def test_a_refused_credential_appears_with_what_to_do_however_it_was_sent(by_basic: bool) -> None:
    """RFC 6749 §5.2."""
    owner = person()
    client, answer = metadata.register(
        {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic"},
        owner=owner,
        now=timezone.now(),
    )
    form = {"grant_type": "client_credentials"}
    headers = {}
    if by_basic:
        headers = {"Authorization": f"Basic {b64encode(f'{client.client_id}:wrong'.encode()).decode()}"}
    else:
        form |= {"client_id": client.client_id, "client_secret": answer["client_secret"]}
    for endpoint in ("token", "introspect", "revoke"):
        refused = Browser().post(f"/oauth/{endpoint}", urlencode(form | {"token": "x"}),
                                 content_type="application/x-www-form-urlencoded", headers=headers)  # fmt: skip
        assert refused.status_code == 401
        assert client.client_id not in refused.content.decode()
    page = signed_in(owner).get(reverse("portal_activity", args=[client.pk])).content.decode()
    assert page.count("The application did not authenticate") == 3
    assert ("The credential is wrong" if by_basic else "registered for client_secret_basic") in page


@pytest.mark.parametrize("asked", [{"redirect_uri": "https://a.example/other"}, {}])
def test_a_redirect_uri_that_is_not_registered_appears_too(asked: dict[str, str]) -> None:
    """RFC 6749 §4.1.2.1: the application itself never hears of it, so this page is where its developer does."""
    owner = person()
    client, _ = metadata.register({"redirect_uris": ["https://a.example/cb"]}, owner=owner, now=timezone.now())
    request = {"client_id": client.client_id, "response_type": "code", "scope": "openid"} | asked
    assert Browser().get("/oauth/authorize", request).status_code == 400
    flush()
    page = signed_in(owner).get(reverse("portal_activity", args=[client.pk])).content.decode()
    assert "A sign-in was refused" in page
    assert ("Register the URI exactly as it is sent" if asked else "redirect_uri is missing") in page
