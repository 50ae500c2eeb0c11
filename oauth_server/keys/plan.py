"""When keys come and go (OpenID Connect Core §10.1.1): the decision, pure.

A key is announced long enough for every cache to learn it, signs, stops (its private part is emptied), and stays
published until the last token that it signed is dead. Where an algorithm has no signing key at all (the first start, a
revocation) an announced key signs early, or a new one at once: a token that some cache cannot verify yet is better than
none.

A key that others encrypt to needs no announcement: whoever does not know it yet uses the one before it. Its successor is
published when its time is over, and it is published no more; but its private part stays for as long as a cache may still name
it and something that was encrypted to it may still be on its way (OpenID Connect Core §10.2.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

# RFC 7517 §4.2.
SIGNATURE: Final = "sig"
ENCRYPTION: Final = "enc"


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the plan needs to know of one key that is not removed.

    Of a key for encryption, ``signs_from`` and ``signs_until`` bound its publication, and ``verifies_until`` its use.
    """

    kid: str
    alg: str
    announced_at: datetime
    signs_from: datetime
    signs_until: datetime | None = None
    verifies_until: datetime | None = None
    use: str = SIGNATURE

    def age(self, now: datetime) -> str:
        """``announced``, ``signing`` or ``verifying``; of a key for encryption, ``encrypting`` or ``decrypting``."""
        if self.use == ENCRYPTION:
            return "encrypting" if self.signs_until is None else "decrypting"
        if self.signs_until is not None:
            return "verifying"
        # A key that was made to sign at once does sign, also in the eyes of a process whose clock is a little behind.
        return "signing" if self.signs_from <= max(now, self.announced_at) else "announced"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rhythm of rotation.

    Args:
        algorithms: those that always have a signing key.
        announcement: how long a key is published before it signs.
        rotation: how long it signs, or others encrypt to it.
        overlap: how long it stays published afterwards.
        decryption: algorithms that always have a key for others to encrypt to.
        farewell: how long such a key still decrypts when it is published no more.
    """

    algorithms: tuple[str, ...]
    announcement: timedelta
    rotation: timedelta
    overlap: timedelta
    decryption: tuple[str, ...] = ()
    farewell: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to make."""

    alg: str
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to happen. Empty is false.

    Args:
        create: keys to make and publish.
        promote: announced keys that must sign now.
        retire: keys that stop signing.
        verifies_until: until when the retired ones stay published.
        remove: keys that are no longer published.
        revoke: keys that end at once, whatever they signed.
        withdraw: encryption keys that are no longer published and still decrypt.
        decrypts_until: until when they do.
    """

    create: tuple[NewKey, ...] = ()
    promote: tuple[str, ...] = ()
    retire: tuple[str, ...] = ()
    verifies_until: datetime | None = None
    remove: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()
    decrypts_until: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.create or self.promote or self.retire or self.remove or self.revoke or self.withdraw)

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.create + other.create,
            self.promote + other.promote,
            self.retire + other.retire,
            self.verifies_until or other.verifies_until,
            self.remove + other.remove,
            self.revoke + other.revoke,
            self.withdraw + other.withdraw,
            self.decrypts_until or other.decrypts_until,
        )


def _newest(keys: Iterable[KeyState]) -> KeyState:
    return max(keys, key=lambda key: (key.signs_from, key.announced_at, key.kid))


def chosen(keys: Iterable[KeyState], alg: str, now: datetime) -> KeyState | None:
    """The key that signs with ``alg``: the one that began last, else the one that was announced longest ago.

    The latter is for a clock that jumped back: it must not stop the server, and that key is the best known.
    """
    alive = [key for key in keys if key.alg == alg and key.signs_until is None]
    signing = [key for key in alive if key.age(now) == "signing"]
    if signing:
        return _newest(signing)
    return min(alive, key=lambda key: (key.announced_at, key.kid), default=None)


def chosen_until(keys: Iterable[KeyState], alg: str, now: datetime) -> datetime:
    """Until when ``chosen`` says the same as at ``now``, while these are the keys."""
    coming = (key.signs_from for key in keys if key.alg == alg and key.signs_from > now)
    return min(coming, default=datetime.max.replace(tzinfo=UTC))


def _plan_algorithm(alg: str, keys: Collection[KeyState], policy: Policy, now: datetime) -> Changes:
    current = chosen(keys, alg, now)
    if current is None:
        return Changes(create=(NewKey(alg, now),))
    if current.age(now) == "announced":
        return Changes(promote=(current.kid,))
    signing = [key for key in keys if key.age(now) == "signing"]
    announced = [key for key in keys if key.age(now) == "announced"]
    changes = Changes(retire=tuple(key.kid for key in signing if key != current), verifies_until=now + policy.overlap)
    ends = current.signs_from + policy.rotation
    if not announced and now >= ends - policy.announcement:
        changes = replace(changes, create=(NewKey(alg, max(ends, now + policy.announcement)),))
    return changes


def _withdraw(keys: Iterable[KeyState], policy: Policy, now: datetime) -> Changes:
    kids = tuple(key.kid for key in keys)
    return Changes(withdraw=kids, decrypts_until=now + policy.farewell) if kids else Changes()


def _plan_decryption(alg: str, keys: Collection[KeyState], policy: Policy, now: datetime) -> Changes:
    published = [key for key in keys if key.signs_until is None]
    newest = _newest(published) if published else None
    if newest is None or now >= newest.signs_from + policy.rotation:
        return Changes(create=(NewKey(alg, now),)) + _withdraw(published, policy, now)
    return _withdraw([key for key in published if key != newest], policy, now)


def plan(keys: Collection[KeyState], policy: Policy, now: datetime) -> Changes:
    """What must change so that ``keys`` follow ``policy`` at ``now``. Pure; once applied, planning again finds nothing.

    Args:
        keys: every key that is not removed.
        policy: the rhythm.
        now: aware.
    """
    changes = Changes()
    for alg in policy.algorithms:
        mine = [key for key in keys if key.alg == alg]
        changes += _plan_algorithm(alg, mine, policy, now)
    for alg in policy.decryption:
        changes += _plan_decryption(alg, [key for key in keys if key.alg == alg], policy, now)
    foreign = [key for key in keys if key.alg not in (*policy.algorithms, *policy.decryption)]
    changes += _withdraw([key for key in foreign if key.age(now) == "encrypting"], policy, now)
    return changes + Changes(
        retire=tuple(key.kid for key in foreign if key.age(now) == "signing"),
        verifies_until=now + policy.overlap,
        remove=tuple(key.kid for key in foreign if key.age(now) == "announced")
        + tuple(key.kid for key in keys if key.verifies_until is not None and key.verifies_until <= now),
    )


def plan_now(keys: Collection[KeyState], policy: Policy, now: datetime, *, revoke: bool = False) -> Changes:
    """What an emergency asks: new keys sign at once, none of the old private parts signs again. Pure.

    Unless they are revoked, keys for encryption still decrypt what is on its way: who holds a copy gains nothing by it.

    Args:
        keys: every key that is not removed.
        policy: whose algorithms are replaced; the keys of others stay as they are.
        now: aware.
        revoke: stop publishing the old keys as well, so that no token of theirs verifies any more.
    """
    old = [key for key in keys if key.alg in policy.algorithms]
    for_encryption = [key for key in keys if key.alg in policy.decryption]
    create = tuple(NewKey(alg, now) for alg in (*policy.algorithms, *policy.decryption))
    # An announced key never signed, but its private part lay beside the others. One that is about to sign may have
    # begun where a clock is ahead of ours, so it is treated as if it had.
    unused = tuple(key.kid for key in old if key.age(now) == "announced" and key.signs_from > now + policy.overlap)
    used = [key for key in old if key.kid not in unused]
    if revoke:
        return Changes(create=create, remove=unused, revoke=tuple(key.kid for key in (*used, *for_encryption)))
    retire = tuple(key.kid for key in used if key.signs_until is None)
    changes = Changes(create=create, retire=retire, verifies_until=now + policy.overlap, remove=unused)
    return changes + _withdraw([key for key in for_encryption if key.signs_until is None], policy, now)
