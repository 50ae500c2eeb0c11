"""Rotation carried out: by beat, in an emergency, by revocation; from one process and from two."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from oauth_server.jose.algorithms import DECRYPTION, SIGNING
from oauth_server.jose.errors import JoseError
from oauth_server.jose.sign import Signer
from oauth_server.jose.verify import verify
from oauth_server.keys import rotate, store, wrap
from oauth_server.keys.tasks import rotate_signing_keys
from oauth_server.models import AuditEvent, SigningKey, StateVersion, freshness
from oauth_server.protocol.errors import ServerError

pytestmark = pytest.mark.django_db
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
DAY = timedelta(days=1)
EVERY = (*SIGNING, *DECRYPTION)


def published() -> dict[str, dict[str, Any]]:
    return {key["kid"]: key for key in json.loads(store.public_jwks().body)["keys"]}


def signs(alg: str) -> str:
    return store.signer(alg).kid


def accepted(token: str) -> bool:
    try:
        verify(token, store.verification_keys(), algorithms=frozenset(SIGNING))
    except JoseError:
        return False
    return True


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def now() -> datetime:
    moment = timezone.now()
    store.ensure_keys(moment)
    return moment


def test_the_first_keys_sign_at_once_one_an_algorithm(now: datetime) -> None:
    """RFC 8725 §3.1, scorecard X-04: each algorithm has a key of its own, RSA keys have 2048 bits."""
    kids = {alg: signs(alg) for alg in SIGNING}
    assert store.signing_algorithms() == SIGNING
    assert len(set(kids.values())) == len(SIGNING)
    keys = published()
    assert len({key.get("n") for key in keys.values() if key["kty"] == "RSA"}) == 3
    for alg, kid in kids.items():
        assert keys[kid]["alg"] == alg
        assert accepted(store.signer(alg).sign({"iss": "x"}, "JWT"))
    store.ensure_keys(now)
    assert {alg: signs(alg) for alg in SIGNING} == kids


def test_nothing_private_is_published_or_readable_at_rest(now: datetime) -> None:
    """RFC 7517 §9.2 and scorecard X-03."""
    for key in SigningKey.objects.all():
        assert not PRIVATE & key.public.keys()
        der = wrap.unwrap(bytes(key.private), rotate.wrap_context(key.kid))
        assert der not in bytes(key.private)
        with pytest.raises(wrap.WrapError):
            wrap.unwrap(bytes(key.private), rotate.wrap_context("another"))
    assert not any(PRIVATE & key.keys() for key in published().values())


def test_a_row_that_holds_private_members_does_not_publish_them(now: datetime) -> None:
    """RFC 7517 §9.2: what may be published is a list, whatever a row holds."""
    key = SigningKey.objects.get(alg="RS256")
    SigningKey.objects.filter(pk=key.pk).update(public={**key.public, "d": "secret", "x5u": "http://x"})
    store.forget()
    assert "secret" not in store.public_jwks().body.decode()
    assert published()[key.kid].keys() == {"kty", "n", "e", "kid", "alg", "use"}


def test_the_jwks_is_the_same_octets_until_a_key_changes(now: datetime) -> None:
    """RFC 9110 §8.8.3: a strong ETag names exact octets."""
    before = store.public_jwks()
    store.forget()
    assert store.public_jwks() == before
    assert before.etag.startswith('"')
    rotate.rotate_now(now)
    assert store.public_jwks().etag != before.etag


def test_a_life_in_beats(now: datetime) -> None:
    """Announced → signing → verifying → removed, as time passes and the hourly beat runs."""
    old = store.signer("ES256")
    due = now + timedelta(seconds=settings.LIFETIMES.key_rotation - settings.LIFETIMES.key_announcement)
    with time_machine.travel(due, tick=False):
        rotate_signing_keys()
        (new,) = [key.kid for key in rotate.states() if key.alg == "ES256" and key.kid != old.kid]
        assert new in published()
        assert signs("ES256") == old.kid
    with time_machine.travel(due + timedelta(seconds=settings.LIFETIMES.key_announcement), tick=False):
        last = old.sign({"iss": "x"}, "JWT")
        assert signs("ES256") == new, "it begins by the clock, also where no beat runs"
        rotate_signing_keys()
        row = SigningKey.objects.get(kid=old.kid)
        assert bytes(row.private) == b""
        assert accepted(last)
        assert row.verifies_until is not None
    with time_machine.travel(row.verifies_until - timedelta(seconds=1), tick=False):
        rotate_signing_keys()
        assert accepted(last)
    with time_machine.travel(row.verifies_until, tick=False):
        rotate_signing_keys()
        assert old.kid not in published()
        assert not accepted(last)


def test_a_second_beat_does_nothing(now: datetime) -> None:
    """Design §5: a second beat is harmless; it takes no lock and writes nothing."""
    version = StateVersion.objects.current()["keys"]
    rotate_signing_keys()
    assert not rotate.rotate(now)
    assert StateVersion.objects.current()["keys"] == version


def test_an_emergency_replaces_the_keys_at_once_and_old_tokens_live_on(now: datetime) -> None:
    """New keys of every algorithm are published and sign; the old private parts are gone; old tokens verify."""
    old = {alg: store.signer(alg) for alg in SIGNING}
    tokens = {alg: signer.sign({"iss": "x"}, "JWT") for alg, signer in old.items()}
    done = rotate.rotate_now(now)
    encrypting = {kid for kid, key in published().items() if key["use"] == "enc"}
    assert set(done.announced) == {signs(alg) for alg in SIGNING} | encrypting
    assert {key["kty"] for kid, key in published().items() if kid in done.announced} == {"RSA", "EC", "OKP"}
    for alg in SIGNING:
        assert signs(alg) != old[alg].kid
        assert accepted(tokens[alg])
        assert bytes(SigningKey.objects.get(kid=old[alg].kid).private) == b""


def test_a_life_of_an_encryption_key_in_beats(now: datetime) -> None:
    """OpenID Connect Core §10.2.1: its successor takes its place in the JWKS; it decrypts as long as a cache may name it."""

    def encrypting() -> set[str]:
        return {kid for kid, key in published().items() if key["use"] == "enc"}

    def decrypting() -> set[str]:
        return {key.kid for key in store.decryption_keys()}

    old = encrypting()
    assert decrypting() == old
    due = now + timedelta(seconds=settings.LIFETIMES.key_rotation)
    with time_machine.travel(due, tick=False):
        rotate_signing_keys()
        new = encrypting()
        assert not new & old
        assert decrypting() == new | old
    farewell = timedelta(seconds=2 * settings.LIFETIMES.key_announcement)
    with time_machine.travel(due + farewell, tick=False):
        rotate_signing_keys()
        assert decrypting() == new | old
    with time_machine.travel(due + farewell + timedelta(minutes=5), tick=False):
        rotate_signing_keys()
        assert decrypting() == new
        assert not any(bytes(key.private) for key in SigningKey.objects.filter(kid__in=old))


def test_an_emergency_spares_no_announced_key(now: datetime) -> None:
    """Its private part lay beside the ones that leaked."""
    later = now + timedelta(seconds=settings.LIFETIMES.key_rotation)
    rotate.rotate(later)
    waiting = {key.kid for key in rotate.states() if key.age(later) == "announced"}
    assert len(waiting) == len(SIGNING)
    done = rotate.rotate_now(later)
    assert waiting == set(done.removed)
    assert not waiting & published().keys()


def test_an_emergency_with_revocation_ends_every_old_token(now: datetime) -> None:
    """Scorecard X-02: tokens by a revoked key are refused at once, also as hints."""
    token = store.signer("ES256").sign({"iss": "x"}, "JWT")
    done = rotate.rotate_now(now, revoke=True)
    assert len(done.revoked) == len(EVERY)
    assert not accepted(token)
    with pytest.raises(JoseError):
        verify(token, store.hint_keys(), algorithms=frozenset(SIGNING))


def test_revoking_one_key_puts_another_in_its_place(now: datetime) -> None:
    """Scorecard X-02; the other algorithms do not notice."""
    old = store.signer("RS256")
    token, other = old.sign({"iss": "x"}, "JWT"), store.signer("ES256").sign({"iss": "x"}, "JWT")
    rotate.revoke(old.kid, now)
    assert not accepted(token)
    assert accepted(other)
    assert old.kid not in published()
    assert accepted(store.signer("RS256").sign({"iss": "x"}, "JWT"))
    with pytest.raises(LookupError):
        rotate.revoke(old.kid, now)


def test_a_hint_may_be_older_than_the_keys_that_we_publish(now: datetime) -> None:
    """RP-Initiated Logout §2: the OP should accept a hint whose time is over; its key may be removed, not revoked."""
    token = store.signer("RS256").sign({"iss": "x"}, "JWT")
    rotate.rotate_now(now)
    later = now + DAY
    rotate.rotate(later)
    assert not accepted(token)
    assert verify(token, store.hint_keys(), algorithms=frozenset(SIGNING))
    with time_machine.travel(now + timedelta(seconds=settings.LIFETIMES.session + 60), tick=False):
        store.forget()
        with pytest.raises(JoseError):
            verify(token, store.hint_keys(), algorithms=frozenset(SIGNING))


def test_a_change_elsewhere_is_seen_with_the_next_look_at_the_versions(now: datetime) -> None:
    """Scorecard X-02: the version moves in the same transaction, and every process looks once a second."""
    before = signs("ES256")
    SigningKey.objects.filter(kid=before).update(kid="elsewhere")
    freshness.forget()
    assert signs("ES256") == before, "without a new version nothing is loaded"
    StateVersion.objects.bump("keys")
    freshness.forget()
    with pytest.raises(ServerError):
        store.signer("ES256")  # loaded now, and a key under another name does not open


def test_the_steady_state_asks_no_query(now: datetime, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Scorecard R-10: client credentials cost no statement."""
    store.signer("ES256").sign({}, "JWT")
    with django_assert_num_queries(0), time_machine.travel(now, tick=False):
        token = store.signer("ES256").sign({"iss": "x"}, "JWT")
        assert accepted(token)
        store.public_jwks()
        store.signing_algorithms()


def test_a_key_is_prepared_once(now: datetime) -> None:
    """Loading a private key costs far more than signing."""
    first = store.signer("RS256")
    assert isinstance(first, Signer)
    assert store.signer("RS256") is first


def test_without_a_key_the_operator_is_told_and_the_client_is_not() -> None:
    """The detail is for the log; the description says nothing of keys."""
    with pytest.raises(ServerError) as error:
        store.signer("ES256")
    assert "rotate_keys" in error.value.detail
    assert "key" not in error.value.description


def test_a_clock_that_jumps_back_stops_nothing(now: datetime) -> None:
    """Scorecard K-11: an hour back, the first keys have not begun; they sign all the same."""
    kid = signs("ES256")
    assert store.signer("ES256", now - timedelta(hours=1)).kid == kid


def test_the_jwks_survives_a_database_that_is_away(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scorecard K-09: nobody can change a key while the database is away, so the last JWKS is the JWKS."""
    before = store.public_jwks()

    def away(name: str) -> int:
        raise OperationalError(name)

    monkeypatch.setattr(freshness, "version", away)
    assert store.public_jwks() == before
    store.forget()
    with pytest.raises(OperationalError):
        store.public_jwks()


def test_a_wrong_key_encryption_key_is_one_clear_error_at_start(
    now: datetime, settings: Settings, tmp_path: Any
) -> None:
    """Otherwise every token and secret would be unknown, one by one, without a reason."""
    file = tmp_path / "kek"
    file.write_text("A" * 43)
    settings.KEY_ENCRYPTION_KEY_FILE = file
    with pytest.raises(ImproperlyConfigured, match=r"KEY_ENCRYPTION_KEY_FILE.*does not open"):
        store.ensure_keys(now)
    store.forget()
    with pytest.raises(ServerError):
        store.signer("ES256")


def test_what_was_done_is_recorded_without_secrets(now: datetime) -> None:
    """One fact a rotation, by kid."""
    done = rotate.rotate_now(now)
    event = AuditEvent.objects.filter(name="key:rotation:done").latest("id")
    assert event.facts["announced"] == list(done.announced)
    assert event.facts["retired"] == list(done.retired)


# The commands.


def test_the_command_does_what_is_due_and_then_nothing() -> None:
    """Idempotent, with JSON for scripts."""
    assert len(run("rotate_keys")["announced"]) == len(EVERY)
    assert not any(run("rotate_keys").values())
    rows = run("list_keys")["keys"]
    ages = {(row["alg"], row["age"]) for row in rows}
    assert ages == {(alg, "signing") for alg in SIGNING} | {(alg, "encrypting") for alg in DECRYPTION}
    assert rows[-1]["age"] == "encrypting", "who looks at the first key only finds one that signs"


def test_now_adds_rsa_and_ec_keys_to_the_jwks_at_once(now: datetime) -> None:
    """What the OpenID suite's oidcc-server-rotate-keys looks for: new by kid and by material, the old ones still there."""
    before = published()
    run("rotate_keys", "--now", "--alg", "ES256", "--alg", "RS256", "--alg", "PS256")
    after = published()
    new = {kid: key for kid, key in after.items() if kid not in before}
    assert before.items() <= after.items()
    assert sorted(key["kty"] for key in new.values()) == ["EC", "RSA", "RSA"]
    assert not {key.get("n") or key["x"] for key in new.values()} & {
        key.get("n") or key["x"] for key in before.values()
    }
    assert {row["age"] for row in run("list_keys")["keys"]} == {"signing", "verifying", "encrypting"}


def test_revoke_by_command(now: datetime) -> None:
    """One key, by name; an unknown one is a sentence and an exit code."""
    kid = signs("ES256")
    assert run("rotate_keys", f"--revoke={kid}")["revoked"] == [kid]
    with pytest.raises(CommandError, match="list_keys"):
        run("rotate_keys", f"--revoke={kid}")


@pytest.mark.parametrize(
    "arguments", [("--alg", "ES256"), ("--revoke-old",), ("--now", "--revoke=x"), ("--now", "--alg", "none")]
)
def test_options_that_mean_nothing_together_are_refused(arguments: tuple[str, ...]) -> None:
    """In an emergency, a command that silently ignores an option is worse than one that stops."""
    with pytest.raises(CommandError):
        run("rotate_keys", *arguments)


def test_the_commands_speak_to_people_too() -> None:
    """Without --json: a line a key, below the names of the columns."""
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    call_command("rotate_keys", stdout=out)
    call_command("list_keys", stdout=out)
    assert "announced: " in out.getvalue()
    assert "Nothing was due." in out.getvalue()
    assert "signing" in out.getvalue()
    head, *lines = [line for line in out.getvalue().splitlines() if "  " in line]
    ages = {line[head.index("age") :].split()[0] for line in lines}
    assert ages == {"signing", "encrypting"}
