"""Software statements (RFC 7591 §2.3): metadata that somebody whom the operator trusts has signed.

``SOFTWARE_STATEMENT_ISSUERS`` names them with their keys. Where it names nobody the feature is off, and a statement is ignored
as RFC 7591 §3.1.1 allows; otherwise a statement that comes must be a good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from oauth_server.jose.algorithms import ASYMMETRIC
from oauth_server.jose.errors import JoseError
from oauth_server.jose.key_sets import KeySet
from oauth_server.jose.verify import check_times, inspect, verify
from oauth_server.protocol.errors import InvalidSoftwareStatement, UnapprovedSoftwareStatement

MEMBER: Final = "software_statement"
_KEYS: Final = ("jwks", "jwks_uri")


def apply(metadata: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The metadata with what its statement says; the statement's word goes before the client's (RFC 7591 §2.3).

    Raises:
        InvalidSoftwareStatement: it is malformed, its signature is wrong, or it is not in force.
        UnapprovedSoftwareStatement: nobody whom this server trusts has made it.
    """
    members = dict(metadata)
    statement = members.pop(MEMBER, None)
    if statement is None or not settings.SOFTWARE_STATEMENT_ISSUERS:
        return members
    if not isinstance(statement, str):
        raise InvalidSoftwareStatement("software_statement must be a string.")
    stated = _verified(statement, now)
    for name, other in (_KEYS, _KEYS[::-1]):
        if name in stated:
            members.pop(other, None)
    # §3.2.1: the statement is told again as it came.
    return {**members, **stated, MEMBER: statement}


def _verified(statement: str, now: datetime) -> Mapping[str, Any]:
    try:
        issuer = inspect(statement).claims.get("iss")
        if not issuer:
            raise InvalidSoftwareStatement("software_statement must name its issuer.")
        jwks = settings.SOFTWARE_STATEMENT_ISSUERS.get(issuer)
        if jwks is None:
            raise UnapprovedSoftwareStatement(
                "software_statement has an issuer that this server does not know.", detail=issuer[:300]
            )
        claims = verify(statement, KeySet.from_jwks(jwks), algorithms=ASYMMETRIC).claims
        check_times(claims, now, settings.LIFETIMES.clock_skew, require_exp=False)
    except JoseError as error:
        raise InvalidSoftwareStatement("software_statement is invalid.", detail=str(error)) from None
    return {name: value for name, value in claims.items() if name != MEMBER}
