"""The plan of rotation: a table of moments, and its promises under any rhythm of beats (OpenID Connect Core §10.1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oauth_server.keys.plan import Changes, KeyState, NewKey, Policy, chosen, plan, plan_now
from oauth_server.keys.rotate import policy_of
from oauth_server.settings.features import Lifetimes, Limits

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
POLICY = Policy(("ES256",), announcement=DAY, rotation=90 * DAY, overlap=HOUR)
TO_US = Policy((), DAY, 90 * DAY, HOUR, decryption=("ECDH-ES",), farewell=2 * DAY)


def key(
    kid: str, announced: timedelta, signs: timedelta, until: timedelta | None = None, alg: str = "ES256"
) -> KeyState:
    """A key whose moments are given relative to now."""
    ended = None if until is None else NOW + until
    return KeyState(kid, alg, NOW + announced, NOW + signs, ended, None if ended is None else ended + HOUR)


OLD = key("old", -92 * DAY, -91 * DAY)
CURRENT = key("current", -10 * DAY, -9 * DAY)
DUE = key("due", -90 * DAY, -89 * DAY)
NEXT = key("next", -HOUR, 23 * HOUR)
LATER = key("later", -HOUR / 2, 30 * HOUR)
STOPPED = key("stopped", -95 * DAY, -94 * DAY, until=-HOUR / 2)
DEAD = key("dead", -95 * DAY, -94 * DAY, until=-2 * HOUR)
FOREIGN = key("foreign", -10 * DAY, -9 * DAY, alg="ES384")
FOREIGN_NEXT = key("foreign-next", -HOUR, DAY, alg="ES384")

MOMENTS = {
    "nothing yet: a key that signs at once": ([], Changes(create=(NewKey("ES256", NOW),))),
    "a key that signs: nothing": ([CURRENT], Changes()),
    "its end is nearer than the announcement: the next is announced": (
        [DUE],
        Changes(create=(NewKey("ES256", NOW + DAY),)),
    ),
    "beats were missed: the next is still announced long enough": (
        [OLD],
        Changes(create=(NewKey("ES256", NOW + DAY),)),
    ),
    "the next is announced: nothing": ([DUE, NEXT], Changes()),
    "the next began: the old one stops": ([OLD, CURRENT], Changes(retire=("old",), verifies_until=NOW + HOUR)),
    "a stopped key whose tokens live: nothing": ([CURRENT, STOPPED], Changes()),
    "a stopped key whose tokens are dead: gone": ([CURRENT, DEAD], Changes(remove=("dead",))),
    "the signing key was revoked: the announced one signs early": ([NEXT], Changes(promote=("next",))),
    "two are announced: the one that was announced longest": ([LATER, NEXT], Changes(promote=("next",))),
    "only a stopped key: a new one at once": ([STOPPED], Changes(create=(NewKey("ES256", NOW),))),
    "an algorithm that we gave up": (
        [CURRENT, FOREIGN, FOREIGN_NEXT],
        Changes(retire=("foreign",), verifies_until=NOW + HOUR, remove=("foreign-next",)),
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_is_due_at_each_moment(moment: str) -> None:
    """The ages of a key: announced → signing → verifying → removed."""
    keys, expected = MOMENTS[moment]
    changes = plan(keys, POLICY, NOW)
    # The end of an overlap that nothing is retired into says nothing.
    assert (changes if changes.retire else replace(changes, verifies_until=None)) == expected


def enc(kid: str, announced: timedelta, until: timedelta | None = None, alg: str = "ECDH-ES") -> KeyState:
    """A key that others encrypt to, with moments relative to now."""
    ended = None if until is None else NOW + until
    at = NOW + announced
    return KeyState(kid, alg, at, at, ended, None if ended is None else ended + 2 * DAY, "enc")


FOR_US = enc("for-us", -10 * DAY)
OVER = enc("over", -90 * DAY)
GONE = enc("gone", -95 * DAY, until=-DAY)
FORGOTTEN = enc("forgotten", -95 * DAY, until=-2 * DAY)
GIVEN_UP = enc("given-up", -10 * DAY, alg="RSA1_5")
NEW = NewKey("ECDH-ES", NOW)

ENCRYPTION_MOMENTS = {
    "nothing yet: a key": ([], Changes(create=(NEW,))),
    "a key: nothing": ([FOR_US], Changes()),
    "its time is over: another in its place, and it still decrypts": (
        [OVER],
        Changes(create=(NEW,), withdraw=("over",), decrypts_until=NOW + 2 * DAY),
    ),
    "two are published: the newer stays": ([OVER, FOR_US], Changes(withdraw=("over",), decrypts_until=NOW + 2 * DAY)),
    "something may still be on its way: nothing": ([FOR_US, GONE], Changes()),
    "nothing is on its way any more: gone": ([FOR_US, FORGOTTEN], Changes(remove=("forgotten",))),
    "only one that is no longer published: another": ([GONE], Changes(create=(NEW,))),
    "an algorithm that we gave up": (
        [FOR_US, GIVEN_UP],
        Changes(withdraw=("given-up",), decrypts_until=NOW + 2 * DAY),
    ),
}


@pytest.mark.parametrize("moment", ENCRYPTION_MOMENTS)
def test_what_is_due_for_keys_that_others_encrypt_to(moment: str) -> None:
    """OpenID Connect Core §10.2.1: published until its successor is, and able to decrypt for a good while after."""
    keys, expected = ENCRYPTION_MOMENTS[moment]
    assert replace(plan(keys, TO_US, NOW), verifies_until=None) == expected


def test_an_emergency_leaves_old_encryption_keys_able_to_decrypt_unless_they_are_revoked() -> None:
    """Who holds a copy of the key gains nothing when we go on decrypting; a client that encrypted to it does."""
    assert plan_now([FOR_US, GONE], TO_US, NOW) == Changes(
        create=(NEW,), withdraw=("for-us",), decrypts_until=NOW + 2 * DAY, verifies_until=NOW + HOUR
    )
    revoked = plan_now([FOR_US, GONE], TO_US, NOW, revoke=True)
    assert (revoked.create, revoked.revoke, revoked.withdraw) == ((NEW,), ("for-us", "gone"), ())


def test_an_emergency_replaces_everything_and_keeps_the_public_parts() -> None:
    """Old tokens verify until they are dead; a key that never signed has none."""
    changes = plan_now([CURRENT, NEXT, STOPPED], POLICY, NOW)
    assert changes == Changes(
        create=(NewKey("ES256", NOW),), retire=("current",), verifies_until=NOW + HOUR, remove=("next",)
    )


def test_a_clock_that_is_behind_takes_no_signing_key_for_an_unused_one() -> None:
    """Another process made a key that signs at once, or let one sign, moments ahead of our clock: its tokens must verify."""
    at_once = key("at-once", timedelta(seconds=2), timedelta(seconds=2))
    promoted = key("promoted", -DAY, timedelta(seconds=2))
    assert not plan([at_once], POLICY, NOW)
    for fresh in (at_once, promoted):
        changes = plan_now([fresh], POLICY, NOW)
        assert (changes.retire, changes.remove) == ((fresh.kid,), ()), fresh.kid


def test_an_emergency_with_revocation_leaves_no_old_key() -> None:
    """Scorecard X-02: what the old keys signed is refused."""
    changes = plan_now([CURRENT, NEXT, STOPPED], POLICY, NOW, revoke=True)
    assert changes == Changes(create=(NewKey("ES256", NOW),), remove=("next",), revoke=("current", "stopped"))


def test_an_emergency_of_one_algorithm_leaves_the_others_alone() -> None:
    """A key of another algorithm is neither retired nor removed."""
    assert "foreign" not in str(plan_now([CURRENT, FOREIGN], POLICY, NOW))


def test_the_policy_covers_caches_clocks_and_the_longest_token() -> None:
    """Scorecard X-01: announced for at least twice the JWKS max-age, kept for at least the longest token."""
    short = policy_of(
        replace(Lifetimes(), key_announcement=1, jwks_max_age=3_600, access_token=60, id_token=900), Limits()
    )
    assert short.announcement == timedelta(seconds=7_200)
    assert short.farewell >= timedelta(seconds=2 * 7_200)
    assert short.overlap >= timedelta(seconds=900 + Lifetimes().clock_skew + Limits().cache_seconds)


# Promises, under any rhythm of beats.


@dataclass
class World:
    """Keys as the database would hold them, beats as they come, and every signature that was made."""

    policy: Policy
    now: datetime = NOW
    keys: dict[str, KeyState] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)
    last_signature: dict[str, datetime] = field(default_factory=dict)
    made: int = 0

    def beat(self) -> None:
        self.carry_out(plan(list(self.keys.values()), self.policy, self.now))
        again = plan(list(self.keys.values()), self.policy, self.now)
        # A key that would stop before its successor can be known needs that successor at once: one more beat.
        assert not again or self.policy.rotation <= self.policy.announcement, "a second beat finds nothing to do"

    def carry_out(self, changes: Changes) -> None:
        for new in changes.create:
            self.made += 1
            kid = f"k{self.made}"
            use = "enc" if new.alg in self.policy.decryption else "sig"
            self.keys[kid] = KeyState(kid, new.alg, self.now, new.signs_from, use=use)
            self.private.add(kid)
            if new.signs_from <= self.now:
                self.early.add(kid)
        for kid in changes.promote:
            self.keys[kid] = replace(self.keys[kid], signs_from=self.now)
            self.early.add(kid)
        for kid in changes.retire:
            self.keys[kid] = replace(self.keys[kid], signs_until=self.now, verifies_until=changes.verifies_until)
            self.private.discard(kid)
        for kid in changes.withdraw:
            assert self.keys[kid].use == "enc"
            self.keys[kid] = replace(self.keys[kid], signs_until=self.now, verifies_until=changes.decrypts_until)
        for kid in (*changes.remove, *changes.revoke):
            gone = self.keys.pop(kid)
            assert kid in changes.revoke or gone.verifies_until is None or gone.verifies_until <= self.now
            if gone.use == "enc" and kid in changes.remove:
                assert gone.signs_until is not None
                assert self.now - gone.signs_until >= self.policy.farewell, "removed while it may still be needed"
            self.private.discard(kid)
            if kid in changes.remove and kid in self.last_signature:
                life = self.policy.overlap
                assert self.last_signature[kid] + life <= self.now, "removed before its last token was dead"

    def sign_everything(self) -> None:
        for alg in self.policy.algorithms:
            key = chosen(self.keys.values(), alg, self.now)
            assert key is not None, f"no {alg} key signs"
            assert key.kid in self.private
            if key.kid not in self.early:
                assert self.now - key.announced_at >= self.policy.announcement, "signed before it was known"
            self.last_signature[key.kid] = self.now
        for alg in self.policy.decryption:
            published = [k for k in self.keys.values() if k.alg == alg and k.signs_until is None]
            assert len(published) == 1, f"{len(published)} {alg} keys to encrypt to"
        assert self.private >= {k.kid for k in self.keys.values() if k.use == "enc"}, "a key that cannot decrypt"


policies = st.builds(
    Policy,
    algorithms=st.sampled_from([("ES256",), ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")]),
    announcement=st.timedeltas(timedelta(seconds=2), 3 * DAY),
    rotation=st.timedeltas(timedelta(seconds=1), 100 * DAY),
    overlap=st.timedeltas(timedelta(seconds=1), 2 * DAY),
    decryption=st.sampled_from([(), ("ECDH-ES",), ("RSA-OAEP-256", "ECDH-ES")]),
    farewell=st.timedeltas(timedelta(seconds=1), 4 * DAY),
)
steps = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), 40 * DAY), st.sampled_from(["beat", "beat", "beat", "sign", "now", "revoke"])
    ),
    max_size=60,
)


@given(policy=policies, steps=steps)
@settings(max_examples=300, deadline=None)
def test_the_promises_hold_under_any_rhythm(policy: Policy, steps: list[tuple[timedelta, str]]) -> None:
    """At every moment each algorithm signs; never with a key that is not known; no token outlives its key.

    Beats may be late by weeks. Emergencies and revocations come at any time; only the keys that they make sign at once.
    """
    world = World(policy)
    world.beat()
    for pause, what in steps:
        world.now += pause
        if what == "beat":
            world.beat()
        elif what == "now":
            world.carry_out(plan_now(list(world.keys.values()), policy, world.now))
        elif what == "revoke":
            kid = min(world.keys)
            rest = [k for k in world.keys.values() if k.kid != kid]
            world.carry_out(Changes(revoke=(kid,)) + plan(rest, policy, world.now))
        world.sign_everything()


@given(policy=policies, keys=st.data())
@settings(max_examples=200, deadline=None)
def test_a_plan_is_total_and_settles(policy: Policy, keys: st.DataObject) -> None:
    """Whatever is in the table, also after clocks jumped: a plan exists, and carried out it leaves nothing to do."""
    moments = st.timedeltas(-200 * DAY, 200 * DAY).map(lambda delta: NOW + delta)
    states = keys.draw(
        st.lists(
            st.builds(
                KeyState,
                kid=st.uuids().map(str),
                alg=st.sampled_from(["ES256", "RS256", "ES384"]),
                announced_at=moments,
                signs_from=moments,
                signs_until=st.none(),
                verifies_until=st.none(),
            ),
            max_size=8,
            unique_by=lambda k: k.kid,
        )
    )
    world = World(
        policy, keys={k.kid: k for k in states}, private={k.kid for k in states}, early={k.kid for k in states}
    )
    world.carry_out(plan(states, policy, NOW))
    for _ in range(3):
        changes = plan(list(world.keys.values()), policy, NOW)
        world.carry_out(changes)
    assert not plan(list(world.keys.values()), policy, NOW)
    world.sign_everything()


def test_a_resource_server_that_only_caches_never_meets_an_unknown_key() -> None:
    """Scorecard X-01: JWKS read again only when max-age is over, never on an unknown kid, through twenty rotations."""
    step, max_age, life = timedelta(minutes=10), timedelta(hours=1), timedelta(minutes=50)
    world = World(Policy(("ES256",), announcement=2 * max_age, rotation=timedelta(hours=5), overlap=life))
    world.beat()
    cache, read_at = set(world.keys), world.now
    tokens: list[tuple[datetime, str]] = []
    signed_by = set()
    for tick in range(6 * 5 * 21):
        world.now += step
        if tick % 6 == 0:
            world.beat()
        if world.now - read_at >= max_age:
            cache, read_at = set(world.keys), world.now
        key = chosen(world.keys.values(), "ES256", world.now)
        assert key is not None
        tokens = [(made, kid) for made, kid in tokens if world.now < made + life] + [(world.now, key.kid)]
        signed_by.add(key.kid)
        assert {kid for _, kid in tokens} <= cache
    assert len(signed_by) >= 20
