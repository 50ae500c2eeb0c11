"""Who came: what the ID token says, and what the userinfo endpoint adds (OpenID Connect Core §5.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from identity.federation.connection import Connection
from identity.federation.metadata import Metadata
from identity.federation.refusal import Reason, Refused
from oauth_server.jose.encoding import parse_object
from oauth_server.jose.errors import JoseError
from oauth_server.outbound import fetch

# What a scope promises; when the ID token has none of it, the userinfo endpoint is asked (§5.4).
_PROMISED: Final = {"email": "email", "profile": "name"}
_LONGEST_SUBJECT: Final = 255


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody elsewhere.

    Attributes:
        issuer: who vouches for them.
        subject: what that issuer calls them, for ever.
        email: their address there, lower case; empty without one.
        email_is_verified: whether the provider says that its owner was asked. Whether we believe it is the operator's word.
        claims: all that was said.
        sid: the provider's session; empty without one.
    """

    issuer: str
    subject: str
    email: str
    email_is_verified: bool
    claims: Mapping[str, Any] = field(repr=False)
    sid: str = ""


def by_id_token(made: Connection, metadata: Metadata, id_token: Mapping[str, Any], access_token: str) -> Stranger:
    """Somebody whose ID token was judged.

    Raises:
        Refused: the userinfo endpoint speaks of somebody else.
    """
    userinfo: Mapping[str, Any] = {}
    missing = [claim for scope, claim in _PROMISED.items() if scope in made.scope.split() and claim not in id_token]
    if missing and access_token and metadata.endpoint("userinfo_endpoint"):
        userinfo = _userinfo(metadata.endpoint("userinfo_endpoint"), access_token)
        # §5.3.2: without this an access token of somebody else would make them the person of this ID token.
        if userinfo.get("sub") != id_token["sub"]:
            raise Refused(Reason.USERINFO, "Its sub is not the ID token's.")
    # An address and whether it was verified are one statement: they come from the same of the two.
    about_email = id_token if "email" in id_token else userinfo
    email = _email(about_email.get("email"))
    return Stranger(
        issuer=str(id_token["iss"]),
        subject=str(id_token["sub"]),
        email=email,
        email_is_verified=bool(email) and made.preset.has_verified_email(about_email),
        claims={**userinfo, **id_token},
        sid=str(id_token.get("sid", ""))[:255],
    )


def by_userinfo(made: Connection, metadata: Metadata, access_token: str) -> Stranger:
    """Somebody of a provider without ID tokens.

    Raises:
        Refused: its answer does not say who.
    """
    endpoint = metadata.endpoint("userinfo_endpoint")
    if not endpoint or not access_token:
        raise Refused(Reason.MISCONFIGURED, "It has no userinfo endpoint.")
    claims = _userinfo(endpoint, access_token)
    subject = claims.get(made.preset.subject)
    if isinstance(subject, bool) or not isinstance(subject, int | str) or not 0 < len(str(subject)) <= _LONGEST_SUBJECT:
        raise Refused(Reason.USERINFO, f"It has no {made.preset.subject}.")
    email, is_verified = _email(claims.get("email")), made.preset.has_verified_email(claims)
    if emails := metadata.endpoint("emails_endpoint"):
        email, is_verified = _primary(_rows(emails, access_token))
    return Stranger(made.issuer, str(subject), email, bool(email) and is_verified, claims)


def _email(value: Any) -> str:
    """One plain address, in lower case; empty for anything else."""
    if (
        not isinstance(value, str)
        or len(value) > 254
        or value.count("@") != 1
        or not value.isprintable()
        or " " in value
    ):
        return ""
    return value.strip().lower()


def _primary(rows: Sequence[Any]) -> tuple[str, bool]:
    for row in rows:
        if isinstance(row, Mapping) and row.get("primary") is True:
            return _email(row.get("email")), row.get("verified") is True
    return "", False


def _userinfo(endpoint: str, access_token: str) -> Mapping[str, Any]:
    return _object(_get(endpoint, access_token))


def _rows(endpoint: str, access_token: str) -> Sequence[Any]:
    body = _get(endpoint, access_token)
    found = _object(b'{"rows":' + body + b"}")["rows"]
    return found if isinstance(found, list) else []


def _get(endpoint: str, access_token: str) -> bytes:
    try:
        return fetch.get(endpoint, accept="application/json", authorization=f"Bearer {access_token}").body
    except fetch.FetchError as error:
        raise Refused(Reason.UNREACHABLE, f"Userinfo endpoint: {error}") from None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        return parse_object(body)
    except JoseError as error:
        raise Refused(Reason.USERINFO, str(error)) from None
