"""Rotation carried out: what ``plan`` decides, in one transaction under a lock, so that a second beat is harmless."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from oauth_server.audit.events_keys import KeysRotated
from oauth_server.audit.record import record
from oauth_server.jose.algorithms import DECRYPTION, SIGNING
from oauth_server.jose.generate import KeyPair, generate
from oauth_server.keys.plan import Changes, KeyState, Policy, plan, plan_now
from oauth_server.keys.wrap import wrap
from oauth_server.models import SigningKey, StateVersion, freshness
from oauth_server.settings.features import Lifetimes, Limits

__all__ = [
    "Changes",
    "KeyState",
    "Policy",
    "Rotation",
    "apply",
    "decryption_algorithms",
    "plan",
    "plan_now",
    "policy_of",
    "revoke",
    "rotate",
    "rotate_now",
]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was done, by ``kid``. False when nothing was."""

    announced: tuple[str, ...] = ()
    promoted: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(asdict(self).values())


def policy_of(lifetimes: Lifetimes, limits: Limits, decryption: tuple[str, ...] = ()) -> Policy:
    """The policy that the lifetimes imply.

    A process may sign with a key for ``cache_seconds`` after it was retired, and clocks differ by ``clock_skew``.

    Args:
        lifetimes: ours.
        limits: ours.
        decryption: the algorithms that others may encrypt with.
    """
    margin = lifetimes.clock_skew + 2 * limits.cache_seconds
    announcement = max(lifetimes.key_announcement, 2 * lifetimes.jwks_max_age)
    return Policy(
        algorithms=SIGNING,
        announcement=timedelta(seconds=announcement),
        decryption=decryption,
        # Once for the caches, as in an announcement, and as long again for what was encrypted at the end of it.
        farewell=timedelta(seconds=2 * announcement + margin),
        rotation=timedelta(seconds=lifetimes.key_rotation),
        overlap=timedelta(
            seconds=max(lifetimes.access_token, lifetimes.id_token, lifetimes.authorization_response) + margin
        ),
    )


def wrap_context(kid: str) -> str:
    """What binds a wrapped private key to its row."""
    return f"signing-key:{kid}"


def _row(pair: KeyPair, signs_from: datetime, now: datetime) -> SigningKey:
    return SigningKey(
        kid=pair.kid,
        alg=pair.alg,
        use=pair.public["use"],
        public=pair.public,
        private=wrap(pair.private, wrap_context(pair.kid)),
        announced_at=now,
        signs_from=signs_from,
    )


def state_of(key: SigningKey) -> KeyState:
    """A key, as the plan sees it."""
    return KeyState(key.kid, key.alg, key.announced_at, key.signs_from, key.signs_until, key.verifies_until, key.use)


def states() -> list[KeyState]:
    """Every key that is not removed, as the plan sees it."""
    return [state_of(key) for key in SigningKey.objects.alive()]


def _apply(changes: Changes, pairs: dict[str, KeyPair], now: datetime) -> Rotation:
    SigningKey.objects.promote(changes.promote, now)
    if changes.retire and changes.verifies_until is not None:
        SigningKey.objects.retire(changes.retire, now, changes.verifies_until)
    if changes.withdraw and changes.decrypts_until is not None:
        SigningKey.objects.withdraw(changes.withdraw, now, changes.decrypts_until)
    SigningKey.objects.remove(changes.remove, now)
    SigningKey.objects.revoke(changes.revoke, now)
    SigningKey.objects.announce([_row(pairs[new.alg], new.signs_from, now) for new in changes.create])
    # In this transaction: a process that sees the new version must find the new keys, and none may miss them.
    StateVersion.objects.bump("keys")
    announced = tuple(pairs[new.alg].kid for new in changes.create)
    done = Rotation(announced, changes.promote, changes.retire, changes.remove, changes.revoke, changes.withdraw)
    record(KeysRotated(**asdict(done)))
    return done


def apply(decide: Callable[[list[KeyState]], Changes], now: datetime) -> Rotation:
    """Decide and do it, in one transaction under the rotation lock; two at once do it one after the other.

    Args:
        decide: from the published keys to what must change, like ``plan``; asked twice.
        now: aware.

    Returns:
        What was done.
    """
    expected = decide(states())
    if not expected:
        return Rotation()
    # Making RSA keys takes long enough to matter, so it happens before anybody is kept waiting.
    pairs = {new.alg: generate(new.alg) for new in expected.create}
    done = Rotation()
    with transaction.atomic():
        SigningKey.objects.lock()
        changes = decide(states())
        if changes:
            pairs |= {new.alg: generate(new.alg) for new in changes.create if new.alg not in pairs}
            done = _apply(changes, pairs, now)
    freshness.forget()
    # Within an outer transaction others could look too early and remember the old version for a second.
    transaction.on_commit(freshness.forget)
    return done


def _policy() -> Policy:
    return policy_of(settings.LIFETIMES, settings.LIMITS, decryption_algorithms())


def decryption_algorithms() -> tuple[str, ...]:
    """The algorithms that others may encrypt to us with, each of which always has a key (RFC 7518 §4.1)."""
    return DECRYPTION if settings.FEATURES.encryption else ()


def rotate(now: datetime) -> Rotation:
    """Bring the keys to where the plan wants them; harmless at any time, from any number of processes.

    Args:
        now: aware.

    Returns:
        What was done.
    """
    policy = _policy()
    return apply(lambda keys: plan(keys, policy, now), now)


def rotate_now(
    now: datetime, *, revoke: bool = False, algorithms: Collection[str] = (*SIGNING, *DECRYPTION)
) -> Rotation:
    """The emergency: new keys of every algorithm are published and sign at once, the old ones sign no more.

    Args:
        now: aware.
        revoke: do not let the old keys verify or decrypt any longer either: what was made with them is refused.
        algorithms: replace only the keys of these.

    Returns:
        What was done.
    """
    policy = _policy()
    policy = replace(
        policy,
        algorithms=tuple(alg for alg in policy.algorithms if alg in algorithms),
        decryption=tuple(alg for alg in policy.decryption if alg in algorithms),
    )
    return apply(lambda keys: plan_now(keys, policy, now, revoke=revoke), now)


def revoke(kid: str, now: datetime) -> Rotation:
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
