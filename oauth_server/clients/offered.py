"""What operators offer to every client: the scopes and audiences that it may register for itself.

An API that trusts this server believes what a token says. A client that could register whatever it can spell would open every
API that checks scopes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.conf import settings

from oauth_server.clients.readers import refuse

# What people may be asked for; the scope of a client that names none.
DEFAULT_SCOPE: Final = "openid profile email address phone offline_access"


def scopes(has: Iterable[str] = ()) -> frozenset[str]:
    """Those of OpenID Connect, those that ``REGISTRATION_SCOPES`` names, and those that the client has already."""
    return frozenset({*DEFAULT_SCOPE.split(), *settings.REGISTRATION_SCOPES, *has})


def check_scope(metadata: Mapping[str, Any], has: Iterable[str] = ()) -> None:
    """Judge the scope of a client that no operator registers; a value that is no string is for its reader to refuse.

    Raises:
        InvalidClientMetadata: a scope that is not offered.
    """
    asked = metadata.get("scope")
    foreign = sorted(set(asked.split()) - scopes(has)) if isinstance(asked, str) else []
    if foreign:
        raise refuse("scope", f"has a scope that this server does not offer to every client: {foreign[0][:100]}")


def audience(asked: Any, has: Iterable[str] = ()) -> list[str]:
    """The audience of a client that no operator registers.

    Args:
        asked: as received; what is not offered is dropped, like every member that only operators set. None leaves things as
            they are.
        has: what the client has already; what of it is not offered, an operator gave, and it stays.
    """
    stored = list(has)
    if asked is None:
        return stored
    offered = settings.REGISTRATION_AUDIENCES
    given = [item for item in stored if item not in offered]
    values = [asked] if isinstance(asked, str) else asked if isinstance(asked, list) else []
    return [*given, *(item for item in offered if item in values)]
