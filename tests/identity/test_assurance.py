"""What a sign-in is worth, and what is missing (OpenID Connect Core §2, §3.1.2.1; RFC 8176 §2; RFC 9470)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity.sign_in.assurance import (
    ACR_VALUES,
    FIRST,
    LEVELS,
    SECOND,
    WAYS,
    Gap,
    Proof,
    acr_of,
    amr_of,
    auth_time_of,
    fresh,
    gap,
    merged,
    proofs_of,
    reachable,
    satisfies,
)
from identity.sign_in.demand import Demand, wants_first

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def proof(way: str, ago: float = 0) -> Proof:
    return Proof(way, NOW.timestamp() - ago, WAYS[way].amr)


def proofs(*ways: str, ago: float = 0) -> tuple[Proof, ...]:
    return tuple(proof(way, ago) for way in ways)


@pytest.mark.parametrize(
    ("records", "amr", "acr"),
    [
        ([{"method": "password"}], ("pwd",), "1"),
        ([{"method": "password"}, {"method": "password"}], ("pwd",), "1"),
        ([{"method": "code"}], ("otp",), "1"),
        ([{"method": "password"}, {"method": "mfa", "type": "totp"}], ("pwd", "otp", "mfa"), "2"),
        ([{"method": "password"}, {"method": "mfa", "type": "recovery_codes"}], ("pwd", "otp", "mfa"), "2"),
        ([{"method": "code"}, {"method": "mfa", "type": "totp"}], ("otp", "mfa"), "2"),
        ([{"method": "password"}, {"method": "code"}], ("pwd", "otp"), "1"),
        ([{"method": "password"}, {"method": "mfa", "type": "webauthn"}], ("pwd", "hwk", "user", "mfa"), "phr"),
        ([{"method": "mfa", "type": "webauthn", "verified": True}], ("hwk", "user", "mfa"), "phr"),
        ([{"method": "mfa", "type": "webauthn", "verified": True, "synchronised": True}], ("swk", "user", "mfa"), "phr"),
        ([{"method": "socialaccount", "amr": ["pwd"]}], ("pwd",), "1"),
        ([{"method": "socialaccount", "amr": ["pwd", "sms"], "mfa": True}], ("pwd", "sms", "mfa"), "2"),
        ([{"method": "socialaccount", "amr": ["hwk"], "mfa": True}], ("hwk", "mfa"), "2"),
        ([{"method": "socialaccount", "amr": ["hwk"]}, {"method": "mfa", "type": "totp"}], ("hwk", "otp", "mfa"), "2"),
        ([{"method": "mfa", "type": "totp"}], ("otp",), ""),
        ([{"method": "mfa", "type": "webauthn"}], ("hwk", "user"), ""),
        ([{"method": "unheard-of"}], (), ""),
        ([], (), ""),
    ],
)  # fmt: skip
def test_what_a_person_did_becomes_methods_and_a_level(
    records: list[dict[str, Any]], amr: tuple[str, ...], acr: str
) -> None:
    """RFC 8176 §2."""
    found = proofs_of(records)
    assert amr_of(found) == amr
    assert acr_of(found) == acr


def test_a_stronger_sign_in_satisfies_a_weaker_wish_and_never_the_other_way() -> None:
    """OpenID Connect Core §3.1.2.1 (acr_values)."""
    assert list(ACR_VALUES) == ["1", "2", "phr"]
    assert satisfies("2", "1")
    assert satisfies("phr", "2")
    assert satisfies("1", "1")
    assert not satisfies("1", "2")
    assert not satisfies("2", "phr")
    assert not satisfies("2", "urn:of:somebody:else")
    assert satisfies("urn:same", "urn:same")
    assert not satisfies("", "1")


def test_a_key_that_was_just_made_is_a_second_step_and_says_nothing_of_the_owner() -> None:
    assert acr_of(proofs("new_key")) == ""
    assert acr_of(proofs("password", "new_key")) == "phr"
    assert merged([proof("passkey", 600), proof("new_key")]) == (proof("passkey", 600), proof("new_key"))


def test_every_way_says_whether_it_opens_an_account_or_stands_beside() -> None:
    assert all(row.factors and row.factors <= {FIRST, SECOND} for row in WAYS.values())
    assert {kind.value for kind in Authenticator.Type} == {"totp", "recovery_codes", "webauthn"}


def test_of_each_way_the_latest_proof_counts() -> None:
    assert merged([proof("password", 60), proof("totp", 50), proof("password", 5)]) == (
        proof("password", 5),
        proof("totp", 50),
    )


def test_what_is_said_is_as_old_as_the_oldest_proof_that_it_rests_on() -> None:
    """OpenID Connect Core §2 auth_time."""
    both = (proof("password", 600), proof("totp", 5))
    assert auth_time_of(both, NOW) == NOW - timedelta(seconds=600)
    young = fresh(both, NOW - timedelta(seconds=60))
    assert acr_of(young) == ""
    assert auth_time_of(young, NOW) == NOW - timedelta(seconds=5)


@pytest.mark.parametrize(
    ("ways", "levels"),
    [
        ((), set()),
        (("password",), {"1"}),
        (("password", "totp"), {"1", "2"}),
        (("password", "security_key"), {"1", "2", "phr"}),
        (("passkey",), {"1", "2", "phr"}),
        (("totp",), set()),
    ],
)
def test_what_somebody_can_reach_follows_from_what_they_have(ways: tuple[str, ...], levels: set[str]) -> None:
    assert reachable(ways) == levels


PWD, TOTP = ("password",), ("password", "totp")
KEYS = ("password", "totp", "passkey", "security_key")


@pytest.mark.parametrize(
    ("done", "demand", "ways", "missing"),
    [
        # Nothing asked, nothing missing.
        (proofs("password"), Demand(), PWD, Gap()),
        # A fresh password needs no second password for a second step.
        (proofs("password"), Demand((("2",),)), TOTP, Gap(frozenset({SECOND}))),
        (proofs("password", "totp"), Demand((("2",),)), TOTP, Gap()),
        # An old second step and a fresh password: the second step alone.
        (
            (proof("password"), proof("totp", 600)),
            Demand((("2",),), since=NOW - timedelta(seconds=60)),
            TOTP,
            Gap(frozenset({SECOND})),
        ),
        # An old password and a fresh second step: the password alone.
        (
            (proof("password", 600), proof("totp")),
            Demand((("2",),), since=NOW - timedelta(seconds=60)),
            TOTP,
            Gap(frozenset({FIRST})),
        ),
        # Both are old.
        (
            proofs("password", "totp", ago=600),
            Demand((("2",),), since=NOW - timedelta(seconds=60)),
            TOTP,
            Gap(frozenset({FIRST, SECOND})),
        ),
        # Age alone asks for the first factor alone.
        (proofs("password", "totp", ago=600), Demand(since=NOW - timedelta(seconds=60)), TOTP, Gap(frozenset({FIRST}))),
        # A key is wanted and the person has one.
        (proofs("password", "totp"), Demand((("phr",),)), KEYS, Gap(key=True)),
        (proofs("password"), Demand((("phr",),)), KEYS, Gap(frozenset({SECOND}), key=True)),
        (proofs("passkey"), Demand((("phr",),)), KEYS, Gap()),
        # One of several levels will do: the nearest that the person can reach.
        (proofs("password"), Demand((("phr", "2"),)), TOTP, Gap(frozenset({SECOND}))),
        # What is only wished is asked for when the person can do it.
        (proofs("password"), Demand(wished=("2",)), PWD, Gap()),
        (proofs("password"), Demand(wished=("2",)), TOTP, Gap(frozenset({SECOND}))),
        (proofs("password"), Demand(wished=("urn:x", "1")), TOTP, Gap()),
        (proofs("password"), Demand(wished=("urn:x",)), TOTP, Gap()),
        # An operator's minimum and a client's own demand count both.
        (proofs("password", "totp"), Demand((("2",), ("phr",))), KEYS, Gap(key=True)),
        # What nobody has is still said to be missing.
        (proofs("password"), Demand((("2",),)), PWD, Gap(frozenset({SECOND}))),
    ],
)
def test_what_is_missing_and_no_more(
    done: tuple[Proof, ...], demand: Demand, ways: tuple[str, ...], missing: Gap
) -> None:
    """RFC 9470 §5."""
    assert demand.missing(done, ways) == missing
    assert wants_first(missing) == (FIRST in missing.factors)


def test_a_level_that_nobody_knows_is_never_met() -> None:
    demand = Demand((("urn:x",),))
    assert not demand.is_met(proofs("passkey", "password"))
    assert not demand.can_be_met(KEYS)


# A machine that is busy draws slowly; that says nothing about what is tested.
_PATIENT = settings(suppress_health_check=[HealthCheck.too_slow])
_SOME = st.lists(st.builds(proof, st.sampled_from(sorted(WAYS)), st.integers(0, 1_000)), max_size=5)


@_PATIENT
@given(_SOME, _SOME, st.sampled_from(sorted(LEVELS)), st.none() | st.integers(0, 1_000))
def test_more_proof_is_never_worth_less(some: list[Proof], more: list[Proof], level: str, age: int | None) -> None:
    demand = Demand(((level,),), since=None if age is None else NOW - timedelta(seconds=age))
    if demand.is_met(merged(some)):
        assert demand.is_met(merged([*some, *more]))


@given(
    _SOME, st.sets(st.sampled_from(sorted(WAYS))), st.sampled_from(sorted(LEVELS)), st.none() | st.integers(0, 1_000)
)
def test_doing_what_is_missing_is_enough(some: list[Proof], ways: set[str], level: str, age: int | None) -> None:
    """Whoever can meet a demand meets it by the ways that are said to help."""
    demand = Demand(((level,),), since=None if age is None else NOW - timedelta(seconds=age))
    if not demand.can_be_met(ways):
        return
    done = merged(some)
    missing = demand.missing(done, ways)
    helping = [proof(way) for way in ways if missing.narrowed_by(way)]
    assert demand.is_met(merged([*done, *helping]))
    assert bool(missing) != demand.is_met(done)


def test_a_gap_names_what_a_level_lacks() -> None:
    assert gap((), "1") == Gap(frozenset({FIRST}))
    assert gap(proofs("password"), "phr") == Gap(frozenset({SECOND}), key=True)
