"""What may be said about a person: scope → claims (OpenID Connect Core §5.1, §5.4). Pure: it reads a person, never a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from identity.models import User

ADDRESS_MEMBERS: Final = ("formatted", "street_address", "locality", "region", "postal_code", "country")  # §5.1.1

# Claim → what it says, None or empty when the person has none.
CLAIMS: Final[Mapping[str, Callable[[User], Any]]] = {
    "name": lambda user: user.get_full_name(),
    "family_name": lambda user: user.family_name,
    "given_name": lambda user: user.given_name,
    "middle_name": lambda user: user.middle_name,
    "nickname": lambda user: user.nickname,
    "preferred_username": lambda user: user.username,
    "profile": lambda user: user.profile,
    "picture": lambda user: user.picture,
    "website": lambda user: user.website,
    "gender": lambda user: user.gender,
    "birthdate": lambda user: user.birthdate,
    "zoneinfo": lambda user: user.zoneinfo,
    "locale": lambda user: user.locale,
    "updated_at": lambda user: int(user.updated_at.timestamp()),
    "email": lambda user: user.email,
    "address": lambda user: {name: user.address[name] for name in ADDRESS_MEMBERS if user.address.get(name)},
    "phone_number": lambda user: user.phone_number,
}

SCOPE_CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
        "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}  # fmt: skip

SUPPORTED_CLAIMS: Final = tuple(claim for claims in SCOPE_CLAIMS.values() for claim in claims)


def claims_named(user: User, names: Iterable[str], *, email_verified: bool) -> dict[str, Any]:
    """These claims about a person; empty ones and unknown names are left out (§5.3.2: never null or an empty string).

    Args:
        user: the person.
        names: claim names, as the ``claims`` parameter asks for them (§5.5).
        email_verified: whether the person has proved to own ``user.email``.
    """
    wanted = dict.fromkeys(names)
    said = {name: value for name in wanted if name in CLAIMS and (value := CLAIMS[name](user))}
    if "email_verified" in wanted and user.email:
        said["email_verified"] = email_verified
    if "phone_number_verified" in wanted and user.phone_number:
        said["phone_number_verified"] = user.phone_number_verified
    return said


def claims_for(user: User, scopes: Iterable[str], *, email_verified: bool) -> dict[str, Any]:
    """What these scopes say about a person (§5.4), without ``sub``."""
    names = [name for scope in dict.fromkeys(scopes) for name in SCOPE_CLAIMS.get(scope, ())]
    return claims_named(user, names, email_verified=email_verified)
