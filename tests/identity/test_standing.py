"""Disabling a person, and the commands of operators about people."""

from __future__ import annotations

import io
import json
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from identity.claims import claims_for
from identity.models import LoginSession, User
from identity.signals import session_ended, user_disabled, user_enabled
from tests.support.people import PASSWORD, is_signed_in, live_sids, page, person, sign_in

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    """A command's JSON."""
    out = io.StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_disabling_ends_every_session_at_once_and_tells_who_listens(client: Browser) -> None:
    """ASVS 7.4.2, design §7.4."""
    user = person()
    sign_in(client)
    sign_in(Browser())
    heard: list[Any] = []

    def note(sender: Any, **facts: Any) -> None:
        heard.append(facts["reason"])

    session_ended.connect(note)
    user_disabled.connect(note)
    try:
        answer = run("disable_user", "ada")
    finally:
        session_ended.disconnect(note)
        user_disabled.disconnect(note)
    assert answer == {"sub": str(user.pk), "username": "ada", "is_active": False, "changed": True}
    assert heard == ["user_disabled", "user_disabled"]
    assert not is_signed_in(client)
    assert live_sids(user) == set()
    assert LoginSession.objects.filter(end_reason="user_disabled").count() == 2


def test_a_disabled_person_does_not_sign_in_and_learns_why_only_with_the_password(client: Browser) -> None:
    user = person()
    run("disable_user", "ada")
    assert "account is disabled" in page(
        client.post("/account/login/", {"login": "ada", "password": PASSWORD}, follow=True)
    )
    assert not is_signed_in(client)
    assert not LoginSession.objects.filter(user=user).exists()


def test_whoever_disables_a_person_ends_their_sessions(client: Browser) -> None:
    """The admin site saves a form; it knows nothing of sessions."""
    person()
    sign_in(client)
    user = User.objects.get(username="ada")
    user.is_active = False
    user.save()
    assert live_sids(user) == set()


def test_disabling_twice_is_no_error_and_enabling_brings_no_session_back(client: Browser) -> None:
    user = person()
    sign_in(client)
    run("disable_user", "ada@example.com")
    assert run("disable_user", str(user.pk))["changed"] is False
    heard: list[str] = []

    def note(sender: Any, user: User, **_: Any) -> None:
        heard.append(user.username)

    user_enabled.connect(note)
    try:
        assert run("enable_user", "--username", "ada")["is_active"] is True
    finally:
        user_enabled.disconnect(note)
    assert heard == ["ada"]
    assert not is_signed_in(client)
    sign_in(client)
    assert is_signed_in(client)


def test_a_sign_in_that_overtook_the_disabling_does_not_wake_up_with_the_person(client: Browser) -> None:
    """A password checked just before, its row written just after."""
    user = person()
    run("disable_user", "ada")
    User.objects.filter(pk=user.pk).update(is_active=True)
    sign_in(client)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not is_signed_in(client)
    run("enable_user", "ada")
    assert not is_signed_in(client)
    assert live_sids(user) == set()


@pytest.mark.parametrize("arguments", [("disable_user", "nobody"), ("enable_user",)])
def test_a_command_about_nobody_fails_with_a_sentence(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"Nobody is called|Say whom"):
        run(*arguments)


CLAIMS = {
    "name": "Ada Lovelace",
    "email_verified": False,
    "phone_number": "+44 20 1",
    "phone_number_verified": True,
    "address": {"locality": "London", "country": "UK"},
    "birthdate": "1815-12-10",
}


def test_create_user_makes_somebody_who_can_sign_in_at_once(client: Browser) -> None:
    answer = run("create_user", "--username", "ada", "--email", "Ada@Example.com", "--password", PASSWORD)
    user = User.objects.get(username="ada")
    assert answer == {"sub": str(user.pk), "username": "ada", "email": "ada@example.com", "created": True}
    assert User.objects.owns_email(user)
    sign_in(client, "ada@example.com")
    assert is_signed_in(client)


def test_create_user_fills_the_standard_claims() -> None:
    """OpenID Connect Core §5.1."""
    run(
        "create_user",
        "--username",
        "ada",
        "--email",
        "ada@example.com",
        "--password",
        "x",
        "--claims",
        json.dumps(CLAIMS),
    )
    user = User.objects.get(username="ada")
    said = claims_for(user, ["profile", "email", "address", "phone"], email_verified=User.objects.owns_email(user))
    assert {name: said[name] for name in CLAIMS} == CLAIMS
    assert said["preferred_username"] == "ada"
    assert isinstance(said["updated_at"], int)


def test_create_user_again_updates_and_keeps_sessions_unless_the_password_changed(client: Browser) -> None:
    first = run("create_user", "--username", "ada", "--email", "ada@example.com", "--password", PASSWORD)
    sign_in(client)
    arguments = ("create_user", "--username", "ada", "--email", "new@example.com", "--claims", '{"name": "Ada"}')
    second = run(*arguments, "--password", PASSWORD)
    assert (second["sub"], second["created"], second["email"]) == (first["sub"], False, "new@example.com")
    assert EmailAddress.objects.filter(primary=True).get().email == "new@example.com"
    assert is_signed_in(client)
    run(*arguments, "--password", "something else")
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"--claims": "{"}, "no JSON"),
        ({"--claims": "[]"}, "JSON object"),
        ({"--claims": '{"nme": "x"}'}, "nme is not known"),
        ({"--claims": '{"email": "eve@example.com"}'}, "differs from --email"),
        ({"--claims": '{"name": 1}'}, "must be a text"),
        ({"--claims": '{"email_verified": "yes"}'}, "true or false"),
        ({"--claims": '{"address": "London"}'}, "object of texts"),
        ({"--claims": '{"website": "not a url"}'}, "website"),
        ({"--email": "nowhere"}, "email"),
        ({"--email": "bob@example.com"}, "Somebody else owns"),
        ({"--username": "a b"}, "username"),
        ({"--password": ""}, "password is empty"),
    ],
)
def test_create_user_says_what_is_wrong_and_changes_nothing(changed: dict[str, str], sentence: str) -> None:
    person("bob")
    given = {"--username": "ada", "--email": "ada@example.com", "--password": "x", **changed}
    with pytest.raises(CommandError, match=sentence):
        run("create_user", *(f"{name}={value}" for name, value in given.items()))
    assert not User.objects.filter(username="ada").exists()


def test_create_user_sets_a_weak_password_and_says_so() -> None:
    """An operator's word counts; it is not taken in silence (ASVS 5.0 §6.2.1)."""
    arguments = ("create_user", "--username", "ada", "--email", "ada@example.com", "--password")
    call_command(*arguments, "short", stdout=StringIO(), stderr=(said := StringIO()))
    assert "weak" in said.getvalue()
    assert "at least 10 characters" in said.getvalue()
    assert User.objects.get(username="ada").check_password("short")
    call_command(*arguments, PASSWORD, stdout=StringIO(), stderr=(said := StringIO()))
    assert said.getvalue() == ""
