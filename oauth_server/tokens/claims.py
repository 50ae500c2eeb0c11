"""What is said of a person, and where (OpenID Connect Core §5.4, §5.5): the claims of the scopes and those asked for by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from identity.claims import SCOPE_CLAIMS, claims_named
from oauth_server.models.standing import Person
from oauth_server.protocol import claims_request
from oauth_server.protocol.claims_request import ID_TOKEN, USERINFO


def in_userinfo(person: Person, scope: Iterable[str], request: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of the userinfo answer, without ``sub``.

    Args:
        person: of whom.
        scope: as granted.
        request: the ``claims`` parameter in normal form.
    """
    return _say(person, _of_scopes(scope), request, USERINFO)


def in_id_token(scope: Iterable[str], request: Mapping[str, Any], *, with_scopes: bool) -> tuple[str, ...]:
    """The names of the claims that an ID token should have beside its own; mostly none, and then nobody need be read.

    Args:
        scope: as granted.
        request: the ``claims`` parameter in normal form.
        with_scopes: whether the claims of the scopes go here: no access token is issued that could fetch them (§5.4), or
            the client's registration says so.
    """
    own = _of_scopes(scope) if with_scopes else ()
    asked = (
        name for name in claims_request.names(request, ID_TOKEN) if any(name in of for of in SCOPE_CLAIMS.values())
    )
    return tuple(dict.fromkeys((*own, *asked)))


def said_in_id_token(person: Person, names: tuple[str, ...], request: Mapping[str, Any]) -> dict[str, Any]:
    """What ``in_id_token`` named, said of a person."""
    claims = claims_named(person.user, names, email_verified=person.email_verified)
    return claims_request.agreeing(claims, request, ID_TOKEN)


def in_access_token(scope: Iterable[str], wanted: Collection[str]) -> tuple[str, ...]:
    """The names of the claims that an access token should have beside its own (RFC 9068 §2.2.2): mostly none.

    Args:
        scope: as granted; nothing is said that it does not cover.
        wanted: what the APIs want that the token is for.
    """
    return tuple(name for name in _of_scopes(scope) if name in wanted)


def said_in_access_token(person: Person, names: tuple[str, ...]) -> dict[str, Any]:
    """What ``in_access_token`` named, said of a person."""
    return claims_named(person.user, names, email_verified=person.email_verified)


def _of_scopes(scope: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for one in dict.fromkeys(scope) for name in SCOPE_CLAIMS.get(one, ()))


def _say(person: Person, own: tuple[str, ...], request: Mapping[str, Any], place: str) -> dict[str, Any]:
    names = (*own, *claims_request.names(request, place))
    claims = claims_named(person.user, names, email_verified=person.email_verified)
    return claims_request.agreeing(claims, request, place)
