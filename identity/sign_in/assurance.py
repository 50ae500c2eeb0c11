"""What a sign-in is worth: from what the person did (``amr``, RFC 8176) to a level (``acr``, OpenID Connect Core §2). Pure.

The two tables are the policy; docs/explanation/assurance.md says them in words. Each proof keeps its own time, so that whoever
asks for a fresh sign-in or a stronger one (``max_age``, ``acr_values``, RFC 9470) makes the person do what is missing and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

FIRST: Final = "first"
SECOND: Final = "second"
# Ways, not words: a provider that says "hwk" speaks of a key that answers to its own pages.
_KEYS: Final = frozenset({"passkey", "security_key", "new_key"})


@dataclass(frozen=True, slots=True)
class Way:
    """A row of WAYS.

    Attributes:
        factors: which of the two it is: what opens an account, what stands beside that, or both at once.
        amr: RFC 8176's words for it; a key that may leave its device is ``swk`` instead of ``hwk``.
        sentence: what the person did.
    """

    factors: frozenset[str]
    amr: tuple[str, ...]
    sentence: str


WAYS: Final[Mapping[str, Way]] = {
    "password": Way(frozenset({FIRST}), ("pwd",), "typed the password"),
    "email_code": Way(frozenset({FIRST}), ("otp",), "typed a code that was mailed"),
    "passkey": Way(frozenset({FIRST, SECOND}), ("hwk", "user"), "used a passkey, which asked for a PIN, a finger or a face"),
    "security_key": Way(frozenset({SECOND}), ("hwk", "user"), "touched a security key"),
    "new_key": Way(frozenset({SECOND}), ("hwk", "user"), "made a passkey or security key, which says nothing of who was there before"),
    "totp": Way(frozenset({SECOND}), ("otp",), "typed a code of an authenticator app"),
    "recovery_code": Way(frozenset({SECOND}), ("otp",), "typed a recovery code"),
    "upstream": Way(frozenset({FIRST}), (), "signed in at another provider"),
    "upstream_mfa": Way(frozenset({FIRST, SECOND}), (), "signed in at another provider, with two factors"),
    "other": Way(frozenset({FIRST}), (), "signed up, or was signed in before ways were told apart"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Level:
    """A row of LEVELS: what must have been done for it.

    Attributes:
        factors: all of them are needed.
        key: whether one of them must be a key that answers to our own pages alone.
        sentence: the level in words.
    """

    factors: frozenset[str]
    key: bool
    sentence: str


# From weakest to strongest; a sign-in of one level satisfies whoever asks for it or for a weaker one.
LEVELS: Final[dict[str, Level]] = {
    "1": Level(frozenset({FIRST}), False, "One factor: a password, or a code that was mailed."),  # noqa: FBT003  # a table
    "2": Level(frozenset({FIRST, SECOND}), False, "Two factors: a first one and a code or a key; or a passkey."),  # noqa: FBT003  # a table
    "phr": Level(frozenset({FIRST, SECOND}), True, "Two factors, one of them a key: no false page can pass it on (OpenID EAP ACR Values §2)."),  # noqa: FBT003  # a table
}  # fmt: skip
ACR_VALUES: Final[Mapping[str, str]] = {name: level.sentence for name, level in LEVELS.items()}


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that a person did.

    Attributes:
        way: a key of WAYS.
        at: when, in seconds since 1970.
        amr: RFC 8176's words for it.
    """

    way: str
    at: float
    amr: tuple[str, ...]

    @property
    def factors(self) -> frozenset[str]:
        """Which factors it is."""
        return WAYS[self.way].factors if self.way in WAYS else frozenset()

    def to_json(self) -> dict[str, Any]:
        """What a sign-in stores."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Proof:
        """What a sign-in stored."""
        return cls(str(stored["way"]), float(stored["at"]), tuple(stored["amr"]))


_RECORDS: Final[Mapping[tuple[str, str | None], str]] = {
    ("password", None): "password",
    ("code", None): "email_code",
    ("mfa", "totp"): "totp",
    ("mfa", "recovery_codes"): "recovery_code",
}


def _proof_of(record: Mapping[str, Any]) -> Proof | None:
    method, kind = record.get("method", ""), record.get("type")
    at = float(record.get("at", 0.0))
    if (method, kind) == ("mfa", "webauthn"):
        way = "passkey" if record.get("verified") else "security_key"
        return Proof(way, at, ("swk" if record.get("synchronised") else "hwk", "user"))
    if method == "socialaccount":
        # When the person proved it there, which may be long ago.
        at = float(record.get("auth_time") or at)
        return Proof("upstream_mfa" if record.get("mfa") else "upstream", at, tuple(record.get("amr", ())))
    known = _RECORDS.get((method, kind))
    return Proof(known, at, WAYS[known].amr) if known else None


def proofs_of(records: Iterable[Mapping[str, Any]]) -> tuple[Proof, ...]:
    """What allauth noted down, as proofs; what it means nothing to us is left out.

    Args:
        records: ``{"method": "mfa", "type": "totp", "at": …}``. Of a passkey our forms add whether the person was
            ``verified`` and the key is ``synchronised``; of an upstream provider its ``amr``, whether that was ``mfa``,
            and its ``auth_time``.
    """
    return merged(proof for record in records if (proof := _proof_of(record)))


def merged(proofs: Iterable[Proof]) -> tuple[Proof, ...]:
    """Of each way the latest, in the order in which they were first used."""
    latest: dict[str, Proof] = {}
    for proof in proofs:
        if proof.way not in latest or latest[proof.way].at <= proof.at:
            latest[proof.way] = proof
    return tuple(latest.values())


def fresh(proofs: Iterable[Proof], since: datetime | None) -> tuple[Proof, ...]:
    """Those that are not older than that; all of them when nobody minds."""
    return tuple(proof for proof in proofs if since is None or proof.at >= since.timestamp())


def _factors(proofs: Iterable[Proof]) -> frozenset[str]:
    return frozenset[str]().union(*(proof.factors for proof in proofs))


def _has_key(proofs: Iterable[Proof]) -> bool:
    return any(proof.way in _KEYS for proof in proofs)


def amr_of(proofs: Collection[Proof]) -> tuple[str, ...]:
    """What the person did, in RFC 8176's words, each once; ``mfa`` is added when two factors came together."""
    words = dict.fromkeys(word for proof in proofs for word in proof.amr)
    if {FIRST, SECOND} <= _factors(proofs):
        words["mfa"] = None
    return tuple(words)


def acr_of(proofs: Collection[Proof]) -> str:
    """The strongest level that these proofs reach; empty when not even the weakest."""
    return next((name for name in reversed(LEVELS) if not gap(proofs, name)), "")


def auth_time_of(proofs: Collection[Proof], otherwise: datetime) -> datetime:
    """When the oldest of these proofs was given: what is reported with them is at least that fresh."""
    return datetime.fromtimestamp(min(proof.at for proof in proofs), UTC) if proofs else otherwise


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing: factors, and perhaps a key. Nothing missing is false."""

    factors: frozenset[str] = frozenset()
    key: bool = False

    def __bool__(self) -> bool:
        return bool(self.factors) or self.key

    def narrowed_by(self, way: str) -> bool:
        """Would this way help?"""
        return bool(WAYS[way].factors & self.factors) or (self.key and way in _KEYS)


def gap(proofs: Collection[Proof], level: str) -> Gap:
    """What these proofs lack for a level."""
    asked = LEVELS[level]
    return Gap(asked.factors - _factors(proofs), asked.key and not _has_key(proofs))


def reachable(ways: Iterable[str]) -> frozenset[str]:
    """The levels that somebody with these ways can reach."""
    could = [Proof(way, 0.0, WAYS[way].amr) for way in ways]
    return frozenset(name for name in LEVELS if not gap(could, name))


def reported(acr: str, wanted: Sequence[str]) -> str:
    """What to tell whoever asks for one of ``wanted``: the level itself, or the strongest of theirs that it is worth.

    Args:
        acr: the level of the sign-in.
        wanted: what is asked for; none of it may fit, then the level itself is the answer.
    """
    if acr in wanted:
        return acr
    return next((level for level in reversed(LEVELS) if level in wanted and satisfies(acr, level)), acr)


def satisfies(acr: str, wanted: str) -> bool:
    """Is a sign-in of level ``acr`` good enough for whoever asks for ``wanted``? An unknown level satisfies only itself."""
    levels = list(LEVELS)
    if acr not in levels or wanted not in levels:
        return acr == wanted
    return levels.index(acr) >= levels.index(wanted)
