"""The commands for operators: create_client, disable_client, revoke, seed_demo."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from identity.models import User
from oauth_server.models import AuditEvent, Client, Consent
from tests.support.clients import REDIRECT, basic, send
from tests.support.parties import Party

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str, **options: Any) -> Any:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return json.loads(out.getvalue())


def create(members: dict[str, Any], *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = run("create_client", "--json", json.dumps(members), *arguments)
    return answer


def test_create_client_answers_as_registration_does() -> None:
    """RFC 7591 §3.2.1: what was registered, and the secret once."""
    answer = create({"redirect_uris": [REDIRECT], "client_name": "Shop", "surprise": 1})
    assert answer["client_secret"].startswith("gth_cs_")
    assert answer["client_secret_expires_at"] == 0
    assert answer["grant_types"] == ["authorization_code"]
    assert answer["client_name"] == "Shop"
    assert "surprise" not in answer
    assert AuditEvent.objects.get(client_id=answer["client_id"]).name == "client:registration:created"


def test_create_client_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """For scripts: cat metadata.json | manage.py create_client."""
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({"redirect_uris": [REDIRECT]})))
    assert run("create_client")["client_id"]


def test_an_operators_identifier_and_secret_are_kept() -> None:
    """The operator asks, so the client keeps what it has elsewhere."""
    answer = create(
        {
            "client_id": "web",
            "client_secret": "s3cret",
            "token_endpoint_auth_method": "client_secret_post",
            "redirect_uris": [REDIRECT],
        }
    )
    assert (answer["client_id"], answer["client_secret"]) == ("web", "s3cret")
    assert send(client_id="web", client_secret="s3cret").client_id == "web"


def test_a_taken_identifier_is_refused_unless_the_update_is_meant() -> None:
    """Running a script twice must not replace a client by accident."""
    members = {"client_id": "web", "client_secret": "s3cret", "redirect_uris": [REDIRECT]}
    create(members)
    with pytest.raises(CommandError, match="--update"):
        create(members)
    answer = create({"client_id": "web", "redirect_uris": ["https://other.example/cb"]}, "--update")
    assert answer["redirect_uris"] == ["https://other.example/cb"]
    assert "client_secret" not in answer


def test_an_update_of_nobody_registers_nobody(tmp_path: Path) -> None:
    """A mistyped identifier, alone or in a file of clients."""
    members = {"client_id": "wbe", "redirect_uris": [REDIRECT]}
    with pytest.raises(CommandError, match="no client with the client_id wbe"):
        create(members, "--update")
    with pytest.raises(CommandError, match="needs the client_id"):
        create({"redirect_uris": [REDIRECT]}, "--update")
    file = tmp_path / "clients.json"
    file.write_text(json.dumps({"register": [members]}))
    with pytest.raises(CommandError, match="no client with the client_id wbe"):
        run("create_client", "--clients", str(file), "--update")
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    ("member", "says"),
    [
        ("skip_authorisation", "Did you mean skip_authorization?"),
        ("clientname#uk", "Did you mean client_name?"),
        ("contacts#uk", "contacts has no languages"),
        ("com.example.colour", "com.example.colour is not known and was ignored."),
    ],
)
def test_a_member_that_is_not_known_is_ignored_aloud(member: str, says: str) -> None:
    """RFC 7591 §2: other servers may know it, so the client is registered; its operator may have misspelt it."""
    said = io.StringIO()
    members = {"redirect_uris": [REDIRECT], "client_name#uk": "Крамниця", "client_secret_expires_at": 0, member: "x"}
    answer = run("create_client", "--json", json.dumps(members), stderr=said)
    assert member not in answer
    (line,) = said.getvalue().splitlines()
    assert says in line


def test_a_refusal_that_a_misspelt_member_caused_names_it() -> None:
    with pytest.raises(CommandError, match=r"redirect_uris must have .* Did you mean redirect_uris\?"):
        create({"redirect_uri": [REDIRECT]})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"redirect_uris": ["javascript:alert(1)"]}', '{"grant_types": "x"}']
)
def test_wrong_metadata_is_one_sentence(text: str) -> None:
    """An error a person understands, and exit code 1."""
    with pytest.raises(CommandError):
        call_command("create_client", "--json", text)
    assert not Client.objects.exists()


def test_a_file_of_clients_is_loaded_as_often_as_one_likes(tmp_path: Path) -> None:
    """Create or replace, all of them or none."""
    rows = [{"client_id": name, "client_secret": "x" * 40, "redirect_uris": [REDIRECT]} for name in ("one", "two")]
    file = tmp_path / "clients.json"
    file.write_text(json.dumps({"comment": "rig", "register": rows}))
    for _ in range(2):
        answer = run("create_client", "--clients", str(file))
        assert [client["client_id"] for client in answer["clients"]] == ["one", "two"]
    rows += [{"client_id": "three", "redirect_uris": ["nonsense"]}]
    file.write_text(json.dumps({"register": rows}))
    with pytest.raises(CommandError, match="invalid_redirect_uri"):
        call_command("create_client", "--clients", str(file))
    assert Client.objects.count() == 2


def test_a_disabled_client_is_refused_and_its_tokens_end(app: Party, redeem: Callable[..., dict[str, Any]]) -> None:
    """Design rule 4: disabling ends tokens; enabling does not bring them back."""
    token = redeem(app)["access_token"]
    assert app.introspect(token)["active"] is True
    assert run("disable_client", app.client_id, "--json") == {
        "client_id": app.client_id,
        "is_active": False,
        "changed": True,
    }
    assert app.post("/oauth/introspect", token=token).status_code == 401
    assert run("disable_client", app.client_id, "--json")["changed"] is False
    assert run("disable_client", app.client_id, "--enable", "--json")["changed"] is True
    assert app.introspect(token)["active"] is False


def test_disabling_nobody_is_an_error() -> None:
    """A misspelt name must not look done."""
    with pytest.raises(CommandError, match="no client"):
        call_command("disable_client", "nobody")


@pytest.mark.parametrize("whose", ["user", "client", "token", "consent"])
def test_revoke_ends_what_it_is_told(
    app: Party, person: User, redeem: Callable[..., dict[str, Any]], whose: str
) -> None:
    """One command for everything that led to a token."""
    consent = Consent.objects.remember(
        person.pk, app.registered.pk, frozenset({"openid"}), person.date_joined, person.date_joined.replace(year=2100)
    )
    token = redeem(app, consent_id=consent.pk)["access_token"]
    assert app.introspect(token)["active"] is True
    value = {"user": person.username, "client": app.client_id, "token": token, "consent": str(consent.pk)}[whose]
    counts = run("revoke", f"--{whose}", value)
    assert sum(counts.values()) == 1
    assert app.introspect(token)["active"] is False


def test_revoking_a_client_ends_its_own_tokens_too(service: Party) -> None:
    """A client-credentials JWT has no row: the client's moment ends it."""
    token = service.post("/oauth/token", grant_type="client_credentials").json()["access_token"]
    assert service.introspect(token)["active"] is True
    run("revoke", "--client", service.client_id)
    assert service.introspect(token)["active"] is False


@pytest.mark.parametrize(("whose", "value"), [("user", "nobody"), ("client", "nobody"), ("consent", "x")])
def test_revoking_from_nobody_is_an_error(whose: str, value: str) -> None:
    """A misspelt name must not look done."""
    with pytest.raises(CommandError):
        call_command("revoke", f"--{whose}", value)


@pytest.mark.usefixtures("keys")
def test_an_unknown_token_is_no_error() -> None:
    """RFC 7009 §2.2: what is invalid already needs no revoking."""
    assert run("revoke", "--token", "nonsense") == {"tokens": 0}


@override_settings(DEMO=True)
def test_seed_demo_is_the_same_each_time_and_complete() -> None:
    """Everything that the banner of `make run` says, and nothing changed by the second run."""
    first = run("seed_demo", "--json")
    assert [person["username"] for person in first["people"]] == ["alice", "operator"]
    assert {client["client_id"] for client in first["clients"]} == {"demo-service", "demo-app"}
    alice = User.objects.get(username="alice")
    assert alice.check_password("wonderland-Pa55")
    operator = User.objects.get(username="operator")
    assert operator.check_password(first["people"][1]["password"])
    assert operator.is_staff
    assert operator.is_superuser
    second = run("seed_demo", "--json")
    for before, after in zip(first["clients"], second["clients"], strict=True):
        assert before["client_secret"] == after["client_secret"]
    service = first["clients"][0]
    assert send(basic(service["client_id"], service["client_secret"])).client_id == "demo-service"


def test_seed_demo_is_refused_in_production() -> None:
    """Known passwords belong on a developer's machine."""
    with pytest.raises(CommandError, match="development"):
        call_command("seed_demo")
    assert not User.objects.exists()
