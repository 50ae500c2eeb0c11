"""The keys of this process: loaded once a version, prepared once a key, read without a query.

A change anywhere moves the version ``keys``; the next question after at most ``LIMITS.cache_seconds`` reloads.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError

from oauth_server.jose.algorithms import SIGNING
from oauth_server.jose.decrypt import DecryptionKey, private_key
from oauth_server.jose.key_sets import KeySet
from oauth_server.jose.sign import Signer, private_signer
from oauth_server.keys import plan, rotate
from oauth_server.keys.wrap import WrapError, unwrap
from oauth_server.models import SigningKey, freshness
from oauth_server.protocol.errors import ServerError

# What a JWKS entry may say. A member that is not named here is never published, whatever a row holds.
_PUBLISHED: Final = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use")


@dataclass(frozen=True, slots=True)
class PublicKeySet:
    """The JWK Set as it is sent, prepared once.

    Args:
        body: JSON.
        etag: a strong entity tag, quoted (RFC 9110 §8.8.3).
    """

    body: bytes
    etag: str


class _Choice(NamedTuple):
    """Which key signs from one moment to another: choosing anew for every token took 5 microseconds."""

    since: datetime
    until: datetime
    signer: Signer


@dataclass(slots=True)
class _Snapshot:
    """Everything that one version of the keys means."""

    version: int
    keys: tuple[SigningKey, ...]
    states: tuple[plan.KeyState, ...]
    public: PublicKeySet
    key_set: KeySet
    hints: KeySet | None = None
    decryption: tuple[DecryptionKey, ...] | None = None
    signers: dict[str, Signer] = field(default_factory=dict)
    chosen: dict[str, _Choice] = field(default_factory=dict)


_lock: Final = threading.Lock()
_snapshot: _Snapshot | None = None


def _public(key: SigningKey) -> dict[str, str]:
    return {name: key.public[name] for name in _PUBLISHED if name in key.public}


def _is_published(key: SigningKey) -> bool:
    """A key that others encrypt to goes when its successor comes, while it still decrypts."""
    return key.use == plan.SIGNATURE or key.signs_until is None


def _prepare(keys: Sequence[SigningKey]) -> PublicKeySet:
    body = json.dumps({"keys": [_public(key) for key in keys]}, separators=(",", ":")).encode()
    return PublicKeySet(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _load(version: int) -> _Snapshot:
    keys = tuple(SigningKey.objects.alive())
    states = tuple(rotate.state_of(key) for key in keys)
    public = [key for key in keys if _is_published(key)]
    key_set = KeySet.from_jwks({"keys": [_public(key) for key in public]})
    return _Snapshot(version, keys, states, _prepare(public), key_set)


def _current() -> _Snapshot:
    global _snapshot  # noqa: PLW0603  # one snapshot for the whole process is the point
    version = freshness.version("keys")
    snapshot = _snapshot
    if snapshot is None or snapshot.version != version:
        with _lock:
            snapshot = _snapshot
            if snapshot is None or snapshot.version != version:
                _snapshot = snapshot = _load(version)
    return snapshot


def forget() -> None:
    """Load again at the next question: between tests, where the database changes behind our back."""
    global _snapshot  # noqa: PLW0603  # one for the process is the point
    _snapshot = None


def signer(alg: str, now: datetime | None = None) -> Signer:
    """What signs with ``alg`` at this moment.

    Args:
        alg: one of ``SIGNING``.
        now: aware; the clock's when absent.

    Raises:
        ServerError: there is no such key, or it does not open under this key-encryption key.
    """
    snapshot = _current()
    now = now or datetime.now(UTC)
    choice = snapshot.chosen.get(alg)
    if choice is None or not choice.since <= now < choice.until:
        key = plan.chosen(snapshot.states, alg, now)
        if key is None:
            raise ServerError(detail=f"There is no {alg} signing key; run `manage.py rotate_keys`.")
        choice = _Choice(now, plan.chosen_until(snapshot.states, alg, now), _signer(snapshot, key.kid, alg))
        snapshot.chosen[alg] = choice
    return choice.signer


def _signer(snapshot: _Snapshot, kid: str, alg: str) -> Signer:
    found = snapshot.signers.get(kid)
    if found is not None:
        return found
    key = next(key for key in snapshot.keys if key.kid == kid)
    return snapshot.signers.setdefault(kid, private_signer(kid, alg, _private(key)))


def _private(key: SigningKey) -> bytes:
    try:
        return unwrap(bytes(key.private), rotate.wrap_context(key.kid))
    except WrapError as error:
        raise ServerError(detail=f"The key {key.kid}: {error}") from None


def decryption_keys() -> tuple[DecryptionKey, ...]:
    """What opens a JWE that was encrypted to us: the published keys, and those that were published a while ago.

    Raises:
        ServerError: one does not open under this key-encryption key.
    """
    snapshot = _current()
    if snapshot.decryption is None:
        snapshot.decryption = tuple(
            private_key(key.kid, key.alg, _private(key))
            for key in sorted(snapshot.keys, key=lambda key: key.signs_from, reverse=True)
            if key.use == plan.ENCRYPTION and key.private
        )
    return snapshot.decryption


def verification_keys() -> KeySet:
    """The keys whose tokens are good: announced, signing and verifying ones. Revoked and removed keys are not in it."""
    return _current().key_set


def hint_keys() -> KeySet:
    """The keys whose ID tokens are good as ``id_token_hint`` (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).

    A hint may be as old as the sign-in that it speaks of, far older than what we publish keys for. Revoked keys are not
    in it.
    """
    snapshot = _current()
    if snapshot.hints is None:
        since = datetime.now(UTC) - timedelta(seconds=settings.LIFETIMES.session)
        retired = SigningKey.objects.retired_since(since)
        snapshot.hints = KeySet.from_jwks({"keys": [_public(key) for key in (*snapshot.keys, *retired)]})
    return snapshot.hints


def public_jwks() -> PublicKeySet:
    """The JWK Set to publish (RFC 7517 §5). While the database is away, the last one known: no key can change then."""
    try:
        return _current().public
    except (OperationalError, InterfaceError):
        if _snapshot is None or not _snapshot.keys:
            raise
        return _snapshot.public


def signing_algorithms() -> tuple[str, ...]:
    """The algorithms that have a key, in our order of preference; what discovery prints."""
    usable = {key.alg for key in _current().keys if key.signs_until is None}
    return tuple(alg for alg in SIGNING if alg in usable)


def check_key_encryption_key() -> None:
    """Whether the stored private keys open under the key-encryption key that this process was given.

    Raises:
        ImproperlyConfigured: one sentence: the file is missing, malformed, or holds another key.
    """
    for key in SigningKey.objects.alive():
        if key.private:
            try:
                unwrap(bytes(key.private), rotate.wrap_context(key.kid))
            except WrapError:
                raise ImproperlyConfigured(
                    f"KEY_ENCRYPTION_KEY_FILE: {settings.KEY_ENCRYPTION_KEY_FILE} does not open the signing keys in the"
                    " database; it holds another key than the one that they were stored under."
                ) from None


def ensure_keys(now: datetime) -> None:
    """Make the first keys, which sign at once; with keys in place, only check that they open.

    Args:
        now: aware.

    Raises:
        ImproperlyConfigured: the key-encryption key is missing, malformed or not the one of this database.
    """
    check_key_encryption_key()
    usable = {key.alg for key in _current().keys if key.signs_until is None}
    if not usable.issuperset((*SIGNING, *rotate.decryption_algorithms())):
        rotate.rotate(now)
