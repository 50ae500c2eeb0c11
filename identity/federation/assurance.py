"""What a sign-in elsewhere is worth here: the provider's ``auth_time``, ``amr`` and ``acr``, by the operator's table. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Self

from identity.federation.connection import Connection
from identity.federation.question import Asked
from identity.federation.refusal import Reason, Refused
from identity.sign_in.assurance import LEVELS, SECOND

# RFC 8176 §2 and its registry, by what kind of factor each word is: two kinds are two factors. A word that stands nowhere here
# proves nothing to whoever reads our tokens, and is left out.
KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("pwd", "pin", "kba"), "knows"),
    **dict.fromkeys(("otp", "hwk", "swk", "pop", "sc", "sms", "tel"), "has"),
    **dict.fromkeys(("face", "fpt", "iris", "retina", "vbm"), "is"),
    **dict.fromkeys(("geo", "mca", "rba", "user", "wia"), ""),
    "mfa": "several",
}


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider vouches for, as far as it is believed.

    Attributes:
        at: when the person proved who they are, seconds since 1970; None when it does not say.
        amr: how, in RFC 8176's words.
        mfa: whether that was two factors.
    """

    at: float | None = None
    amr: tuple[str, ...] = ()
    mfa: bool = False

    def to_json(self) -> dict[str, Any]:
        """For the session."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Back from the session; JSON has a list where the value has a tuple."""
        return cls(**{each.name: stored[each.name] for each in fields(cls)} | {"amr": tuple(stored["amr"])})

    def record(self) -> dict[str, Any]:
        """What ``sign_in.assurance`` reads in allauth's record of the sign-in."""
        return {"amr": list(self.amr), "mfa": self.mfa, "auth_time": self.at}


def vouched(claims: Mapping[str, Any], made: Connection, now: datetime) -> Vouched:
    """What an ID token says of the sign-in.

    Args:
        claims: of the ID token; the userinfo endpoint says nothing of a sign-in.
        made: the provider: what it is believed.
        now: aware UTC; nobody proved anything later.
    """
    auth_time, said = claims.get("auth_time"), claims.get("amr")
    words = [word for word in said if isinstance(word, str)] if isinstance(said, list) and made.row.trusts_amr else []
    amr = tuple(dict.fromkeys(word for word in words if word in KINDS))
    level = made.row.acr_values.get(str(claims.get("acr", "")), "")
    is_number = isinstance(auth_time, int | float) and not isinstance(auth_time, bool)
    return Vouched(
        at=min(int(auth_time), int(now.timestamp())) if is_number and auth_time is not None else None,
        # `mfa` follows from what two factors are; the word alone would be reported twice.
        amr=tuple(word for word in amr if word != "mfa"),
        mfa=_is_two(amr) or (level in LEVELS and SECOND in LEVELS[level].factors),
    )


def _is_two(amr: Collection[str]) -> bool:
    return "mfa" in amr or len({KINDS[word] for word in amr} - {""}) > 1


def as_fresh(found: Vouched, asked: Asked, skew: int) -> Vouched:
    """What is vouched for, if the person proved who they are as lately as was asked for (OpenID Connect Core §3.1.2.1); by our clock.

    The provider's clock counts whole seconds and may be behind: an answer that was let through for it must not look too old to the
    application that asked, or the person would be sent there again and again.

    A provider that is told ``prompt=login`` and does not say when it did is not believed: it may have let through whoever sits
    at a browser that was left open.

    Args:
        found: what the provider vouches for.
        asked: what was remembered.
        skew: seconds that its clock may be off.

    Raises:
        Refused: they did not.
    """
    if found.at is None:
        if asked.must_say_when:
            raise Refused(Reason.STALE, "auth_time is missing.")
        return found
    if found.at < asked.oldest - skew:
        raise Refused(Reason.STALE, "auth_time is too old.")
    return replace(found, at=max(found.at, asked.oldest)) if asked.must_say_when else found
