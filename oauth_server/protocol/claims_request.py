"""The ``claims`` parameter (OpenID Connect Core §5.5): which claims a client asks for by name, and where it wants them.

Strict in form and liberal in content: what is no claims request is refused; a member or a claim that is not understood is
ignored, as §5.5 asks. The value that comes out is plain JSON in one normal form, so that it can be stored as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from oauth_server.protocol.errors import InvalidRequest

USERINFO: Final = "userinfo"
ID_TOKEN: Final = "id_token"  # noqa: S105  # a member of the parameter, not a password
PLACES: Final = (USERINFO, ID_TOKEN)

# Nobody asks for as many; each costs a look at a table.
_MOST_CLAIMS: Final = 100
_MOST_VALUES: Final = 50
_LONGEST_VALUE: Final = 1_024

# Claim → what is wanted of it: ``essential`` (only when true) and ``values`` (only when some are named).
Wanted = dict[str, dict[str, Any]]


def read(document: Mapping[str, Any], known: Collection[str]) -> dict[str, Wanted]:
    """The normal form of a claims request.

    Args:
        document: the JSON object, parsed strictly by the caller.
        known: the claims that exist here; others are left out.

    Raises:
        InvalidRequest: a member has the wrong type, or there are too many.
    """
    return {place: wanted for place in PLACES if (wanted := _place(document.get(place), place, known))}


def _place(members: Any, place: str, known: Collection[str]) -> Wanted:
    if members is None:
        return {}
    if not isinstance(members, Mapping):
        raise InvalidRequest(f"The claims parameter is malformed: {place} must be an object.")
    if len(members) > _MOST_CLAIMS:
        raise InvalidRequest(f"The claims parameter asks for more than {_MOST_CLAIMS} claims in {place}.")
    return {name: _claim(name, asked) for name, asked in members.items() if name in known}


def _claim(name: str, asked: Any) -> dict[str, Any]:
    """§5.5.1: null, or an object of which ``essential``, ``value`` and ``values`` are understood."""
    if asked is None:
        return {}
    if not isinstance(asked, Mapping):
        raise InvalidRequest(f"The claims parameter is malformed: {name} must be null or an object.")
    essential = asked.get("essential", False)
    if not isinstance(essential, bool):
        raise InvalidRequest(f"The claims parameter is malformed: essential of {name} must be true or false.")
    wanted: dict[str, Any] = {"essential": True} if essential else {}
    if "value" in asked and "values" in asked:
        raise InvalidRequest(f"The claims parameter is malformed: {name} has both value and values.")
    values = asked.get("values", [asked["value"]] if "value" in asked else [])
    if not isinstance(values, list) or len(values) > _MOST_VALUES:
        raise InvalidRequest(f"The claims parameter is malformed: values of {name} must be a short list.")
    if any(isinstance(value, str) and len(value) > _LONGEST_VALUE for value in values):
        raise InvalidRequest(f"The claims parameter is malformed: a value of {name} is too long.")
    if values:
        wanted["values"] = values
    return wanted


def names(request: Mapping[str, Any], *places: str) -> tuple[str, ...]:
    """The claims that a normal form asks for, in these places, each once."""
    return tuple(dict.fromkeys(name for place in places for name in request.get(place, ())))


def values(request: Mapping[str, Any], place: str, name: str) -> tuple[Any, ...]:
    """The values that would do for a claim, in order of preference; empty when any would."""
    return tuple(request.get(place, {}).get(name, {}).get("values", ()))


def is_essential(request: Mapping[str, Any], place: str, name: str) -> bool:
    """Whether the client says that it cannot do without a claim (§5.5.1)."""
    return bool(request.get(place, {}).get(name, {}).get("essential", False))


def without(request: Mapping[str, Any], gone: Collection[str]) -> dict[str, Any]:
    """A normal form that does not ask for these claims."""
    return {
        place: {name: asked for name, asked in wanted.items() if name not in gone} for place, wanted in request.items()
    }


def agreeing(claims: Mapping[str, Any], request: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The claims less those that were asked for with another value than they have (§5.5.1)."""
    return {
        name: value for name, value in claims.items() if not (wanted := values(request, place, name)) or value in wanted
    }
