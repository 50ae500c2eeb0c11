"""What every use of a token asks, in one statement and as plain values: may it still be used, and whose is it?

Liveness hangs on the family (``models.token``), and the family's on its person, its sign-in and its consent. Values in place
of four model instances are half of what introspection cost.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, F, Q

from identity.models import User, email_is_verified
from identity.models.prepared import Prepared
from oauth_server.models.code import AuthorizationCode
from oauth_server.models.token import AccessToken, RefreshToken, TokenFamily


class Person(NamedTuple):
    """Of whom something is to be said."""

    user: User
    email_verified: bool


class Standing(NamedTuple):
    """A family, and all that its liveness hangs on. ``person`` is there only when it was asked for."""

    family: uuid.UUID
    user_id: uuid.UUID
    username: str
    session_id: str | None
    consent_id: int | None
    scope: str
    resource: list[str]
    claims: dict[str, Any]
    authorization_details: list[dict[str, Any]]
    confirmation: dict[str, Any]
    auth_time: datetime | None
    acr: str
    amr: list[str]
    created: datetime
    expires: datetime
    is_person_active: bool
    is_revoked: bool
    is_session_ended: bool
    is_consent_revoked: bool
    person: Person | None = None

    def is_live(self, now: datetime, *, offline_survives_logout: bool = False) -> bool:
        """Whether anything of this family may still be used; asked at every use (design rule 4).

        Args:
            now: the moment of the request.
            offline_survives_logout: the client's choice that offline access outlives the sign-out
                (OpenID Connect Back-Channel Logout §2.7).
        """
        if self.is_revoked or self.expires <= now or not self.is_person_active or self.is_consent_revoked:
            return False
        if self.is_session_ended:
            return offline_survives_logout and "offline_access" in self.scope.split(" ")
        return True


class PresentedRefreshToken(NamedTuple):
    """The row of a refresh token. ``owner`` is its client's identifier."""

    owner: str
    application_id: int
    generation: int
    ip_address: str | None
    created: datetime
    expires: datetime
    used_at: datetime | None
    trail: list[Any] | None
    family: Standing


class PresentedCode(NamedTuple):
    """The row of an authorization code, and what its life hangs on besides."""

    application_id: int
    user_id: uuid.UUID
    family: uuid.UUID
    session_id: str | None
    consent_id: int | None
    redirect_uri: str
    scope: str
    resource: list[str]
    claims: dict[str, Any]
    authorization_details: list[dict[str, Any]]
    confirmation: dict[str, Any]
    nonce: str
    auth_time: datetime | None
    acr: str
    amr: list[str]
    code_challenge: str
    code_challenge_method: str
    created: datetime
    expires: datetime
    used_at: datetime | None
    is_person_active: bool
    is_session_ended: bool
    is_consent_revoked: bool

    def is_live(self, now: datetime) -> bool:
        """Whether it may still be redeemed, as far as can be said before it is (``AuthorizationCode.objects.redeem``)."""
        ended = not self.is_person_active or self.is_session_ended or self.is_consent_revoked
        return self.used_at is None and self.expires > now and not ended


class PresentedAccessToken(NamedTuple):
    """The row of an opaque access token; one of a client itself has no family."""

    owner: str
    scope: str
    resource: list[str]
    confirmation: dict[str, Any]
    created: datetime
    expires: datetime
    is_revoked: bool
    family: Standing | None


def of_family(family: uuid.UUID, *, person: bool = False) -> Standing | None:
    """How a family stands; None when there is none. One statement."""
    return _FAMILY[person].one(family)


def of_refresh_token(digest: bytes) -> PresentedRefreshToken | None:
    """A refresh token, spent or not, and how its family stands; one statement."""
    return _REFRESH_TOKEN.one(digest)


def of_access_token(digest: bytes, *, person: bool = False) -> PresentedAccessToken | None:
    """An opaque access token, and how its family stands; one statement."""
    return _ACCESS_TOKEN[person].one(digest)


def of_code(digest: bytes) -> PresentedCode | None:
    """A code, redeemed or not; one statement."""
    return _CODE.one(digest)


def person(user: uuid.UUID) -> Person | None:
    """Somebody, to say something of them; one statement."""
    return _PERSON.one(user)


def _is_set(name: str) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(Q(**{f"{name}__isnull": False}), BooleanField())


_PLAIN: Final = (
    "id", "user_id", "user__username", "session_id", "consent_id", "scope", "resource", "claims", "authorization_details",
    "confirmation", "auth_time", "acr", "amr", "created", "expires", "user__is_active",
)  # fmt: skip
_SET: Final = ("revoked_at", "session__ended_at", "consent__revoked_at")
# Of a person all but what no application is told: a password's hash, and what only our own pages show.
_UNTOLD: Final = frozenset({"password", "last_login", "date_joined", "theme", "deletion_due", "erasure_begun"})
_USER: Final = tuple(field.attname for field in User._meta.concrete_fields if field.attname not in _UNTOLD)
_READ: Final = frozenset(_USER)
_WIDTH: Final = len(_PLAIN) + len(_SET)


def _columns(family: str, *, person: bool) -> list[Any]:
    """What ``_standing`` reads, in its order.

    Args:
        family: the way from the table to the family, such as ``family__``.
        person: whether the person is read too.
    """
    columns: list[Any] = [family + name for name in _PLAIN]
    columns += [_is_set(family + name) for name in _SET]
    if person:
        columns += [F(f"{family}user__{name}") for name in _USER]
        columns.append(email_is_verified(f"{family}user"))
    return columns


def _standing(row: list[Any]) -> Standing:
    person = Person(User.from_db("default", _READ, row[_WIDTH:-1]), bool(row[-1])) if len(row) > _WIDTH else None
    return Standing._make([*row[:_WIDTH], person])


# Compiled once; the samples are two values of the key's kind.
_UUIDS: Final = ((uuid.UUID(int=1),), (uuid.UUID(int=2),))
_DIGESTS: Final = ((bytes(32),), (b"1" * 32,))
_OWNER: Final = "application__client_id"
_OF_REFRESH_TOKEN: Final = (
    _OWNER, "application_id", "generation", "ip_address", "created", "expires", "used_at", "trail",
)  # fmt: skip
_OF_ACCESS_TOKEN: Final = (_OWNER, "scope", "resource", "confirmation", "created", "expires")


def _family(*, person: bool) -> Prepared[Standing]:
    columns = _columns("", person=person)
    return Prepared(
        lambda pk: TokenFamily.objects.filter(pk=pk).values_list(*columns),
        (TokenFamily._meta.get_field("id"),),
        _UUIDS,
        _standing,
    )


def _access_token(*, person: bool) -> Prepared[PresentedAccessToken]:
    own = (*_OF_ACCESS_TOKEN, _is_set("revoked_at"))
    columns = (*own, *_columns("family__", person=person))
    first = len(own)

    def shape(row: list[Any]) -> PresentedAccessToken:
        return PresentedAccessToken._make([*row[:first], None if row[first] is None else _standing(row[first:])])

    return Prepared(
        lambda digest: AccessToken.objects.filter(digest=digest).values_list(*columns),
        (AccessToken._meta.get_field("digest"),),
        _DIGESTS,
        shape,
    )


def _refresh_token() -> Prepared[PresentedRefreshToken]:
    columns = (*_OF_REFRESH_TOKEN, *_columns("family__", person=False))
    first = len(_OF_REFRESH_TOKEN)
    return Prepared(
        lambda digest: RefreshToken.objects.filter(digest=digest).values_list(*columns),
        (RefreshToken._meta.get_field("digest"),),
        _DIGESTS,
        lambda row: PresentedRefreshToken._make([*row[:first], _standing(row[first:])]),
    )


def _code() -> Prepared[PresentedCode]:
    own = PresentedCode._fields[:-3]
    ended = ("session__ended_at", "consent__revoked_at")
    return Prepared(
        lambda digest: AuthorizationCode.objects.filter(digest=digest).values_list(
            *own, "user__is_active", *(_is_set(name) for name in ended)
        ),
        (AuthorizationCode._meta.get_field("digest"),),
        _DIGESTS,
        PresentedCode._make,
    )


def _person() -> Prepared[Person]:
    return Prepared(
        lambda user: User.objects.filter(pk=user).values_list(*_USER, email_is_verified("")),
        (User._meta.pk,),
        _UUIDS,
        lambda row: Person(User.from_db("default", _READ, row[:-1]), bool(row[-1])),
    )


_FAMILY: Final = (_family(person=False), _family(person=True))
_REFRESH_TOKEN: Final = _refresh_token()
_ACCESS_TOKEN: Final = (_access_token(person=False), _access_token(person=True))
_CODE: Final = _code()
_PERSON: Final = _person()
