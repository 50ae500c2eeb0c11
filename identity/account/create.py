"""An operator makes a person, or brings one up to date, with OpenID Connect's own words for what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from identity.claims import ADDRESS_MEMBERS, SUPPORTED_CLAIMS
from identity.models import User

# Claims that the server says by itself: a full set of claims, copied from elsewhere, may carry them, and they are passed over.
OURS: Final = frozenset({"sub", "updated_at"})
# Claims that are given by an option of their own, and must agree with it.
ELSEWHERE: Final = {"preferred_username": "username", "email": "email"}
BOOLEANS: Final = frozenset({"email_verified", "phone_number_verified"})


class ClaimError(ValueError):
    """A claim that cannot be kept; the sentence names it."""


def checked_claims(claims: Mapping[str, Any], *, username: str, email: str) -> dict[str, Any]:
    """The claims that are kept, judged by name and type (OpenID Connect Core §5.1).

    Args:
        claims: as given.
        username: what ``preferred_username`` must say, if it is given.
        email: what ``email`` must say, if it is given.

    Raises:
        ClaimError: a claim is unknown, contradicts an option, or has the wrong type.
    """
    options = {"username": username, "email": email}
    for name, option in ELSEWHERE.items():
        if str(claims.get(name, options[option])).lower() != options[option].lower():
            raise ClaimError(f"The claim {name} differs from --{option}.")
    kept = {name: value for name, value in claims.items() if name not in OURS and name not in ELSEWHERE}
    for name, value in kept.items():
        if name not in SUPPORTED_CLAIMS:
            raise ClaimError(
                f"The claim {name} is not known. Known are: {', '.join(sorted({*SUPPORTED_CLAIMS} - {*ELSEWHERE}))}."
            )
        if name == "address":
            if not isinstance(value, dict) or not all(
                key in ADDRESS_MEMBERS and isinstance(value[key], str) for key in value
            ):
                raise ClaimError(
                    f"The claim address is an object of texts: {', '.join(ADDRESS_MEMBERS)} (Core §5.1.1)."
                )
        elif not isinstance(value, bool if name in BOOLEANS else str):
            raise ClaimError(f"The claim {name} must be {'true or false' if name in BOOLEANS else 'a text'}.")
    return kept


def create_or_update(username: str, email: str, password: str, claims: Mapping[str, Any]) -> tuple[User, bool]:
    """Make the person called ``username``, or set what is given on the one that exists.

    The address counts as verified unless ``email_verified`` says false: the operator vouches for it.

    Args:
        username: 1 to 150 characters.
        email: the person's one primary address.
        password: kept as Argon2id; the same password again leaves sessions alive, another one ends them.
        claims: standard claims; those not given stay as they are.

    Returns:
        The person, and whether they are new.

    Raises:
        ClaimError: see ``checked_claims``.
        ValidationError: username, address or a claim's value is malformed, or somebody else owns the address.
    """
    known = checked_claims(claims, username=username, email=email)
    verified = known.pop("email_verified", True)
    with transaction.atomic():
        user = User.objects.named(username) or User(username=username)
        is_new = user._state.adding
        user.email = email.lower()
        for name, value in known.items():
            setattr(user, name, value)
        if verified and User.objects.email_is_taken(user.email, by_other_than=user):
            raise ValidationError({"email": "Somebody else owns this address."})
        if is_new or not user.check_password(password):
            user.set_password(password)
        user.full_clean()
        user.save()
        User.objects.give_email(user, user.email, verified=verified)
    return user, is_new
