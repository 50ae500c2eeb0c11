"""What registers over the network gets what there is of what it asks for (RFC 7591 §2 and §3.2.1).

Many clients ask for all that any server might support. What is not supported is dropped while something remains, and the
answer says what was registered; where nothing remains the member stands as it came, for ``metadata`` to refuse by name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, TypeGuard

from oauth_server.clients.fields import GRANT_TYPES
from oauth_server.clients.profiles import SecurityProfile
from oauth_server.protocol import scopes
from oauth_server.protocol.errors import InvalidScope

# RFC 7591 §2.1, OpenID Connect Registration §2: the grant that goes with each word of a response type.
_GRANT_OF: Final = {"code": "authorization_code", "id_token": "implicit", "token": "implicit"}
_FRONT: Final = frozenset(_GRANT_OF.values())


def narrow(asked: Mapping[str, Any], profile: SecurityProfile, may_ask_for: Collection[str]) -> dict[str, Any]:
    """The metadata without what cannot be had.

    Args:
        asked: as received.
        profile: of the client to be.
        may_ask_for: the scopes that a client may register for itself.
    """
    members = dict(asked)
    if _is_texts(types := members.get("response_types")):
        members["response_types"] = [t for t in types if _in_order(t) in profile.response_types] or types
    if _is_texts(grants := members.get("grant_types")):
        kept = [grant for grant in grants if grant in GRANT_TYPES] or grants
        members["grant_types"] = _fitting(kept, members.get("response_types"))
    if isinstance(members.get("scope"), str):
        _narrow_scope(members, may_ask_for)
    return members


def _is_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _in_order(response_type: str) -> str:
    return " ".join(sorted(response_type.split(" ")))


def _fitting(grants: list[str], response_types: Any) -> list[str]:
    """The grants with those that the response types need, and no other of the authorization endpoint."""
    if response_types is None and "authorization_code" in grants:
        response_types = ["code"]
    if not _is_texts(response_types) or not response_types:
        return grants
    words = {word for response_type in response_types for word in response_type.split(" ")}
    needed = {_GRANT_OF[word] for word in words if word in _GRANT_OF} & set(GRANT_TYPES)
    return [grant for grant in grants if grant not in _FRONT or grant in needed] + sorted(needed - set(grants))


def _narrow_scope(members: dict[str, Any], may_ask_for: Collection[str]) -> None:
    try:
        asked = scopes.parse(members["scope"])
    except InvalidScope:
        return
    kept = [scope for scope in asked if scope in may_ask_for]
    if kept:
        members["scope"] = scopes.join(kept)
    else:
        del members["scope"]
