"""A person's claims and levels of assurance, without a database (OpenID Connect Core §5, RFC 8176)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from identity.claims import SCOPE_CLAIMS, SUPPORTED_CLAIMS, claims_for, claims_named
from identity.models import User
from identity.subjects import public_subject

ADA = User(
    id=uuid.UUID("b04b7a2b-bd1e-48f2-8935-754d437c77a0"),
    username="ada",
    email="ada@example.com",
    given_name="Ada",
    family_name="Lovelace",
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    address={"country": "UK", "region": "", "planet": "Earth"},
)


def test_a_scope_gives_its_claims_and_no_empty_one() -> None:
    """§5.4; §5.3.2: a claim without a value is left out, never null or empty."""
    assert claims_for(ADA, ["profile"], email_verified=True) == {
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "preferred_username": "ada",
        "updated_at": 1_767_225_600,
    }


def test_an_address_is_said_with_whether_it_is_verified() -> None:
    """§5.1."""
    assert claims_for(ADA, ["email"], email_verified=False) == {"email": "ada@example.com", "email_verified": False}
    assert claims_for(User(username="x"), ["email"], email_verified=False) == {}


def test_a_postal_address_has_only_its_own_members() -> None:
    """§5.1.1."""
    assert claims_for(ADA, ["address"], email_verified=True) == {"address": {"country": "UK"}}
    assert claims_for(User(username="x"), ["address"], email_verified=True) == {}


def test_a_telephone_number_is_said_with_whether_it_is_verified() -> None:
    person = User(username="x", phone_number="+44 1")
    assert claims_for(person, ["phone"], email_verified=True) == {
        "phone_number": "+44 1",
        "phone_number_verified": False,
    }


def test_openid_and_unknown_scopes_give_no_claim() -> None:
    assert claims_for(ADA, ["openid", "offline_access", "nonsense"], email_verified=True) == {}


def test_claims_asked_for_by_name_are_given_by_name() -> None:
    """§5.5: voluntary; the unknown is left out."""
    assert claims_named(ADA, ["given_name", "email_verified", "shoe_size"], email_verified=True) == {
        "given_name": "Ada",
        "email_verified": True,
    }


def test_every_claim_that_a_scope_names_can_be_said() -> None:
    full = User(
        username="u", email="e@x.y", phone_number="1", address={"country": "UK"}, updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        **{name: "x" for name in SCOPE_CLAIMS["profile"] if name not in {"preferred_username", "updated_at"}},
    )  # fmt: skip
    assert set(claims_for(full, SCOPE_CLAIMS, email_verified=True)) == set(SUPPORTED_CLAIMS)


def test_the_public_subject_is_the_uuid_of_the_person() -> None:
    """§8: at most 255 ASCII characters, never given to anybody else."""
    assert public_subject(ADA.pk) == public_subject(str(ADA.pk)) == "b04b7a2b-bd1e-48f2-8935-754d437c77a0"
