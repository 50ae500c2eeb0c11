"""When keys come and go (OpenID Connect Core §10.1.1).

``plan`` decides and is pure; ``apply`` does it in one transaction under a lock, so that a second beat is harmless.

A key is announced long enough for every cache to learn it, signs, stops (its private part is emptied), and stays
published until the last token that it signed is dead. Where an algorithm has no signing key at all (the first start, a
revocation) an announced key signs early, or a new one at once: a token that some cache cannot verify yet is better than
none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from oauth_server.jose.algorithms import SIGNING
from oauth_server.jose.generate import KeyPair, generate
from oauth_server.keys.wrap import wrap
from oauth_server.models import SigningKey, StateVersion, freshness

if TYPE_CHECKING:
    from oauth_server.settings.features import Lifetimes, Limits


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the plan needs to know of one published key."""

    kid: str
    alg: str
    announced_at: datetime
    signs_from: datetime
    signs_until: datetime | None = None
    verifies_until: datetime | None = None

    def age(self, now: datetime) -> str:
        """``announced``, ``signing`` or ``verifying``."""
        if self.signs_until is not None:
            return "verifying"
        return "signing" if self.signs_from <= now else "announced"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rhythm of rotation.

    Args:
        algorithms: those that always have a signing key.
        announcement: how long a key is published before it signs.
        rotation: how long it signs.
        overlap: how long it stays published afterwards.
    """

    algorithms: tuple[str, ...]
    announcement: timedelta
    rotation: timedelta
    overlap: timedelta


def policy_of(lifetimes: Lifetimes, limits: Limits) -> Policy:
    """The policy that the lifetimes imply.

    A process may sign with a key for ``cache_seconds`` after it was retired, and clocks differ by ``clock_skew``.
    """
    margin = lifetimes.clock_skew + 2 * limits.cache_seconds
    return Policy(
        algorithms=SIGNING,
        announcement=timedelta(seconds=max(lifetimes.key_announcement, 2 * lifetimes.jwks_max_age)),
        rotation=timedelta(seconds=lifetimes.key_rotation),
        overlap=timedelta(seconds=max(lifetimes.access_token, lifetimes.id_token) + margin),
    )


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
    """

    create: tuple[NewKey, ...] = ()
    promote: tuple[str, ...] = ()
    retire: tuple[str, ...] = ()
    verifies_until: datetime | None = None
    remove: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.create or self.promote or self.retire or self.remove or self.revoke)

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.create + other.create,
            self.promote + other.promote,
            self.retire + other.retire,
            self.verifies_until or other.verifies_until,
            self.remove + other.remove,
            self.revoke + other.revoke,
        )


def _newest(keys: Iterable[KeyState]) -> KeyState:
    return max(keys, key=lambda key: (key.signs_from, key.announced_at, key.kid))


def _plan_algorithm(alg: str, keys: Collection[KeyState], policy: Policy, now: datetime) -> Changes:
    signing = [key for key in keys if key.age(now) == "signing"]
    announced = [key for key in keys if key.age(now) == "announced"]
    if not signing:
        if not announced:
            return Changes(create=(NewKey(alg, now),))
        early = min(announced, key=lambda key: (key.announced_at, key.kid))
        return Changes(promote=(early.kid,))
    current = _newest(signing)
    changes = Changes(retire=tuple(key.kid for key in signing if key != current), verifies_until=now + policy.overlap)
    ends = current.signs_from + policy.rotation
    if not announced and now >= ends - policy.announcement:
        changes = replace(changes, create=(NewKey(alg, max(ends, now + policy.announcement)),))
    return changes


def plan(keys: Collection[KeyState], policy: Policy, now: datetime) -> Changes:
    """What must change so that ``keys`` follow ``policy`` at ``now``. Pure; once applied, planning again finds nothing.

    Args:
        keys: every published key.
        policy: the rhythm.
        now: aware.
    """
    changes = Changes()
    for alg in policy.algorithms:
        mine = [key for key in keys if key.alg == alg]
        changes += _plan_algorithm(alg, mine, policy, now)
    foreign = [key for key in keys if key.alg not in policy.algorithms]
    return changes + Changes(
        retire=tuple(key.kid for key in foreign if key.age(now) == "signing"),
        verifies_until=now + policy.overlap,
        remove=tuple(key.kid for key in foreign if key.age(now) == "announced")
        + tuple(key.kid for key in keys if key.verifies_until is not None and key.verifies_until <= now),
    )


def plan_now(keys: Collection[KeyState], policy: Policy, now: datetime, *, revoke: bool = False) -> Changes:
    """What an emergency asks: new keys sign at once, none of the old private parts is used again. Pure.

    Args:
        keys: every published key.
        policy: whose algorithms are replaced; the keys of others stay as they are.
        now: aware.
        revoke: stop publishing the old keys as well, so that no token of theirs verifies any more.
    """
    old = [key for key in keys if key.alg in policy.algorithms]
    create = tuple(NewKey(alg, now) for alg in policy.algorithms)
    # An announced key never signed, but its private part lay beside the others.
    announced = tuple(key.kid for key in old if key.age(now) == "announced")
    if revoke:
        return Changes(
            create=create, remove=announced, revoke=tuple(key.kid for key in old if key.kid not in announced)
        )
    signing = tuple(key.kid for key in old if key.age(now) == "signing")
    return Changes(create=create, retire=signing, verifies_until=now + policy.overlap, remove=announced)


def _states() -> list[KeyState]:
    return [
        KeyState(key.kid, key.alg, key.announced_at, key.signs_from, key.signs_until, key.verifies_until)
        for key in SigningKey.objects.alive()
    ]


def wrap_context(kid: str) -> str:
    """What binds a wrapped private key to its row."""
    return f"signing-key:{kid}"


def _row(pair: KeyPair, signs_from: datetime, now: datetime) -> SigningKey:
    return SigningKey(
        kid=pair.kid,
        alg=pair.alg,
        public=pair.public,
        private=wrap(pair.private, wrap_context(pair.kid)),
        announced_at=now,
        signs_from=signs_from,
    )


def _apply(changes: Changes, pairs: dict[str, KeyPair], now: datetime) -> None:
    SigningKey.objects.promote(changes.promote, now)
    if changes.retire and changes.verifies_until is not None:
        SigningKey.objects.retire(changes.retire, now, changes.verifies_until)
    SigningKey.objects.remove(changes.remove, now)
    SigningKey.objects.revoke(changes.revoke, now)
    SigningKey.objects.announce([_row(pairs[new.alg], new.signs_from, now) for new in changes.create])
    # In this transaction: a process that sees the new version must find the new keys, and none may miss them.
    StateVersion.objects.bump("keys")


def apply(decide: Callable[[list[KeyState]], Changes], now: datetime) -> Changes:
    """Decide and do it, in one transaction under the rotation lock; two at once do it one after the other.

    Args:
        decide: from the published keys to what must change, like ``plan``; asked twice.
        now: aware.

    Returns:
        What was done; false when there was nothing to do.
    """
    expected = decide(_states())
    if not expected:
        return expected
    # Making RSA keys takes long enough to matter, so it happens before anybody is kept waiting.
    pairs = {new.alg: generate(new.alg) for new in expected.create}
    with transaction.atomic():
        SigningKey.objects.lock()
        changes = decide(_states())
        if changes:
            pairs |= {new.alg: generate(new.alg) for new in changes.create if new.alg not in pairs}
            _apply(changes, pairs, now)
    freshness.forget()
    return changes


def _policy() -> Policy:
    return policy_of(settings.LIFETIMES, settings.LIMITS)


def rotate(now: datetime) -> Changes:
    """Bring the keys to where the plan wants them; harmless at any time, from any number of processes.

    Args:
        now: aware.

    Returns:
        What changed.
    """
    policy = _policy()
    return apply(lambda keys: plan(keys, policy, now), now)


def rotate_now(now: datetime, *, revoke: bool = False, algorithms: Collection[str] = SIGNING) -> Changes:
    """The emergency: new keys of every algorithm are published and sign at once, the old private parts are emptied.

    Args:
        now: aware.
        revoke: do not let the old keys verify any longer either: every token that they signed is refused.
        algorithms: replace only the keys of these.

    Returns:
        What changed.
    """
    policy = replace(_policy(), algorithms=tuple(alg for alg in SIGNING if alg in algorithms))
    return apply(lambda keys: plan_now(keys, policy, now, revoke=revoke), now)


def revoke(kid: str, now: datetime) -> Changes:
    """One key is compromised: it is no longer published, and what it signed is refused. Another signs in its place.

    Args:
        kid: a published key.
        now: aware.

    Raises:
        LookupError: no published key is called so.
    """
    policy = _policy()

    def decide(keys: list[KeyState]) -> Changes:
        rest = [key for key in keys if key.kid != kid]
        if len(rest) == len(keys):
            raise LookupError(kid)
        return Changes(revoke=(kid,)) + plan(rest, policy, now)

    return apply(decide, now)
