"""Operators set upstream providers up: by command and on their pages, by the same rules, without a secret on the way back."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from joserfc.jwk import ECKey

from identity.federation import connection
from identity.federation.presets import PRESETS
from identity.models import Upstream
from oauth_server.audit import record
from oauth_server.models import AuditEvent
from tests.support.operators import PROVIDER, operator, signed_in

pytestmark = pytest.mark.django_db


def create(update: bool = False, **members: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("create_upstream", json=json.dumps({**PROVIDER, **members}), update=update, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_the_answer_says_what_the_provider_has_to_be_told_and_not_the_secret() -> None:
    answer = create(client_secret="kept")
    assert answer["redirect_uri"] == "http://127.0.0.1:8000/account/login/with/there/callback/"
    assert answer["post_logout_redirect_uri"] == "http://127.0.0.1:8000/account/logout/done/"
    assert answer["backchannel_logout_uri"] == "http://127.0.0.1:8000/account/login/with/there/back-channel-logout/"
    assert answer["created"]
    assert answer["has_secret"]
    assert "kept" not in json.dumps(answer)
    assert AuditEvent.objects.filter(name="operator:record:added", facts__record="there").exists()


def test_an_update_keeps_what_it_does_not_name() -> None:
    create(client_secret="kept", email_domains=["There.Example"])
    with pytest.raises(CommandError, match="there is a provider there already"):
        create()
    assert create(update=True, name="Elsewhere")["created"] is False
    made = connection.find("there")
    assert made is not None
    assert (made.name, made.secret, made.row.email_domains) == ("Elsewhere", "kept", ["there.example"])


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"slug": ""}, "slug must be given"),
        ({"slug": "Not/One"}, "slug: "),
        ({"preset": "myspace"}, "preset must be one of"),
        ({"issuer": "there.example"}, "issuer must be an http"),
        ({"issuer": "https://there.example?x=1"}, "issuer must be an address without a query"),
        ({"issuer": ""}, "issuer must be given"),
        ({"issuer": "https://there.example/" + "x" * 200}, "issuer: "),
        ({"scope": "profile"}, "scope must contain openid"),
        ({"client_id": ""}, "client_id: "),
        ({"nonsense": 1}, "nonsense is not known"),
        ({"authorization_parameters": {"redirect_uri": "https://evil.example"}}, "redirect_uri is set by the server"),
        (
            {"authorization_parameters": {"code_challenge_method": "plain"}},
            "code_challenge_method is set by the server",
        ),
        ({"claims": {"email": "upn"}}, "claims: email is not known"),
        ({"claims": {"is_staff": "admin"}}, "claims: is_staff is not known"),
        ({"acr_values": {"gold": "9"}}, "acr_values: 9 is no level"),
        ({"email_domains": "there.example"}, "email_domains must be a list"),
        ({"email_domains": ["*.example"]}, "is no domain"),
        ({"home_domains": ["*"]}, "home_domains must name domains"),
        ({"endpoints": {"token_endpoint": "ftp://there"}}, "token_endpoint must be an http"),
        ({"endpoints": {"somewhere": "https://there"}}, "somewhere is not known"),
        ({"trust_amr": "yes"}, "trust_amr must be true or false"),
        ({"position": -1}, "position must be a whole number"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "client_secret": "no key"},
            "client_secret: The secret must be a private JWK",
        ),
        ({"preset": "apple", "issuer": "", "client_secret": "no key"}, "key_names must give team_id"),
        (
            {"preset": "apple", "issuer": "", "client_secret": "x", "key_names": {"team_id": "T", "key_id": "K"}},
            "client_secret: The secret must be the text of the .p8 file",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_nothing_is_kept(members: dict[str, Any], complaint: str) -> None:
    with pytest.raises(CommandError) as refused:
        create(**members)
    assert complaint in str(refused.value)
    assert not Upstream.objects.exists()


@pytest.mark.parametrize("preset", sorted(set(PRESETS) - {"oidc", "apple"}))
def test_a_provider_that_people_know_needs_nothing_but_its_name(preset: str) -> None:
    members = {"slug": preset, "preset": preset, "client_id": "us", "client_secret": "kept"}
    call_command("create_upstream", json=json.dumps(members), stdout=(out := StringIO()))
    answer = json.loads(out.getvalue())
    assert answer["name"] == PRESETS[preset].title
    assert answer["issuer"] == PRESETS[preset].issuer


def test_apple_signs_its_client_secret_with_the_key_that_it_gave_out() -> None:
    key = ECKey.generate_key("P-256").as_pem(private=True).decode()
    members = {"slug": "apple", "preset": "apple", "client_id": "example.us", "client_secret": key,
               "key_names": {"team_id": "TEAM", "key_id": "KEY"}}  # fmt: skip
    call_command("create_upstream", json=json.dumps(members), stdout=StringIO())
    assert connection.find("apple") is not None


def test_what_is_no_json_is_said() -> None:
    for text in ("{", "[]", "[" * 100_000):
        with pytest.raises(CommandError):
            call_command("create_upstream", json=text, stdout=StringIO())


def form(**fields: Any) -> dict[str, Any]:
    return {
        "slug": "there", "name": "There", "preset": "oidc", "issuer": "https://there.example", "client_id": "us", "client_auth": "",
        "client_secret": "CANARYSECRET", "key_names": "{}", "scope": "", "endpoints": "{}", "parameters": "{}", "claims": "{}",
        "sync": "first", "email_domains": "there.example", "home_domains": "", "sign_up": "ask", "acr_values": "{}",
        "is_active": "on", "is_offered": "on", "position": "100", **fields,
    }  # fmt: skip


def test_the_operators_page_keeps_the_secret_to_itself() -> None:
    browser = signed_in(operator())
    add = reverse("admin:identity_upstream_add")
    assert browser.get(add).status_code == 200
    assert browser.post(add, form()).status_code == 302
    row = Upstream.objects.get()
    change = reverse("admin:identity_upstream_change", args=[row.pk])
    page = browser.get(change).content.decode()
    assert "CANARYSECRET" not in page
    assert "/account/login/with/there/callback/" in page
    assert browser.post(change, form(name="Elsewhere", client_secret="", slug="moved")).status_code == 302
    made = connection.find("there")
    assert made is not None
    assert (made.name, made.secret, made.row.email_domains) == ("Elsewhere", "CANARYSECRET", ["there.example"])
    record.flush()
    assert AuditEvent.objects.filter(name="operator:record:changed", facts__model="identity.Upstream").exists()


@pytest.mark.parametrize(
    ("fields", "where"), [({"issuer": "nowhere"}, "issuer"), ({"acr_values": '{"gold": "9"}'}, "acr_values")]
)
def test_a_refusal_stands_beside_its_field(fields: dict[str, str], where: str) -> None:
    response = signed_in(operator()).post(reverse("admin:identity_upstream_add"), form(**fields))
    assert response.status_code == 200
    assert where in response.context["adminform"].form.errors
    assert not Upstream.objects.exists()
