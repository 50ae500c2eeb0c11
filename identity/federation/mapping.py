"""What a provider says of a person becomes what we know of them: data per provider, judged value by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Field

from identity.models import User

# Claims that a provider may fill. Never an address that mail goes to, never a right: `email` is linked by other rules, and is not
# kept in step (somebody who changes it there would otherwise move a password reset here).
MAPPABLE: Final = (
    "preferred_username", "name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender",
    "birthdate", "zoneinfo", "locale",
)  # fmt: skip
# Proposed when the account is made, and the person's own afterwards.
USERNAME: Final = "preferred_username"
_FIELDS: Final = tuple(name for name in MAPPABLE if name != USERNAME)


def mapped(claims: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, str]:
    """Our claims, from theirs; what is absent, empty or no text is left out.

    Args:
        claims: as the provider said them.
        mapping: our claim → theirs; ``a.b`` reads a member of an object.
    """
    said = {ours: _read(claims, theirs) for ours, theirs in mapping.items() if ours in MAPPABLE}
    return {name: value for name, value in said.items() if value}


def _read(claims: Mapping[str, Any], path: str) -> str:
    value: Any = claims.get(path)
    if value is None and "." in path:
        value = claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    return value.strip() if isinstance(value, str) else ""


def _field(name: str) -> Field[Any, Any]:
    found = User._meta.get_field(name)
    assert isinstance(found, Field)  # noqa: S101  # MAPPABLE names columns, no relations
    return found


def take_over(user: User, said: Mapping[str, str]) -> list[str]:
    """Set what the provider says; answers which fields changed. A value that the field refuses is passed over.

    Args:
        user: not saved here.
        said: see ``mapped``.
    """
    changed = []
    for name in _FIELDS:
        value = said.get(name)
        if value is None or getattr(user, name) == value:
            continue
        try:
            setattr(user, name, _field(name).clean(value, user))
        except ValidationError:
            continue
        changed.append(name)
    return changed
