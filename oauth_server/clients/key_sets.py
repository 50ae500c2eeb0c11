"""A client's public keys, for its signatures and for what we encrypt to it: registered inline, or behind its ``jwks_uri`` (RFC 7591 §2, OpenID Connect Core §10.1.1).

A fetched set is kept in the process and in the shared cache. It is fetched again when it is old, or when a token names a
key that it lacks: a client that changes its keys is understood two seconds later, and an address is asked at most five times a
minute whatever the tokens say, or once a minute while it fails. While the address does not answer, the last good
set goes on, for a day: an outage at the client's must not end its service, and a key it withdrew must not live for ever.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import structlog
from django.core.cache import cache

from oauth_server.clients import fetch
from oauth_server.clients.client import RegisteredClient
from oauth_server.jose.encoding import parse_object
from oauth_server.jose.encrypt import EncryptionKey, EncryptionKeySet
from oauth_server.jose.errors import JoseError
from oauth_server.jose.key_sets import KeySet

FRESH_SECONDS: Final = 600
RETRY_SECONDS: Final = 60
AGAIN_SECONDS: Final = 2
MOST_A_MINUTE: Final = 5
STALE_SECONDS: Final = 86_400
_MOST: Final = 1_000

_log = structlog.get_logger("gatehouse.clients")


class Keys(NamedTuple):
    """One JWK Set, sorted by use."""

    verification: KeySet
    encryption: EncryptionKeySet


_EMPTY: Final = Keys(KeySet(()), EncryptionKeySet())


@dataclass(slots=True)
class _Entry:
    """One address.

    Attributes:
        keys: the last good set; empty when there never was one.
        fetched: when it came, seconds since 1970; 0 for never.
        tried: when it was asked for in the last minute.
    """

    keys: Keys = _EMPTY
    fetched: float = 0
    tried: tuple[float, ...] = ()

    def may_ask(self, at: float) -> bool:
        """Whether the address may be asked at ``at``, which is then noted."""
        self.tried = tuple(time for time in self.tried if at - time < RETRY_SECONDS)
        fails = bool(self.tried) and self.fetched < self.tried[-1]
        if self.tried and (fails or at - self.tried[-1] < AGAIN_SECONDS or len(self.tried) >= MOST_A_MINUTE):
            return False
        self.tried = (*self.tried, at)
        return True


_inline: dict[str, tuple[RegisteredClient, Keys]] = {}
_entries: dict[str, _Entry] = {}
_lock: Final = threading.Lock()


def key_set(client: RegisteredClient, kid: str | None, now: datetime) -> KeySet:
    """The keys that ``client`` may have signed with; empty when it has none or they cannot be had.

    Args:
        client: whose keys.
        kid: the key that a token names; an unknown one makes us look again.
        now: the moment of the request.
    """

    def lacks_it(keys: Keys) -> bool:
        return kid is not None and all(key.kid != kid for key in keys.verification.keys)

    return _keys(client, lacks_it, now).verification


def encryption_key(client: RegisteredClient, alg: str, now: datetime) -> EncryptionKey | None:
    """The key of ``client`` to encrypt to with ``alg`` (OpenID Connect Core §10.2.1); None when there is none to be had.

    Args:
        client: who is to read it.
        alg: the ``alg`` of a JWE; a set without a key for it makes us look again.
        now: the moment of the request.
    """
    return _keys(client, lambda keys: keys.encryption.choose(alg) is None, now).encryption.choose(alg)


def _keys(client: RegisteredClient, is_wanting: Callable[[Keys], bool], now: datetime) -> Keys:
    if client.jwks is not None:
        return _from_metadata(client, client.jwks)
    if client.jwks_uri is None:
        return _EMPTY
    return _from_address(client.jwks_uri, is_wanting, now.timestamp())


def forget() -> None:
    """Drop what this process keeps; between tests."""
    _inline.clear()
    _entries.clear()


def _from_metadata(client: RegisteredClient, jwks: Any) -> Keys:
    kept = _inline.get(client.client_id)
    # A changed registration is another object: see ``registry``.
    if kept is not None and kept[0] is client:
        return kept[1]
    if len(_inline) >= _MOST:
        _inline.clear()
    keys = _sort(jwks)
    _inline[client.client_id] = (client, keys)
    return keys


def _from_address(url: str, is_wanting: Callable[[Keys], bool], at: float) -> Keys:
    entry = _entries.get(url) or _start(url)
    if at - entry.fetched >= FRESH_SECONDS or is_wanting(entry.keys):
        with _lock:
            # Whoever comes first goes; the others answer from what there is.
            is_mine = entry.may_ask(at)
        if is_mine:
            _refresh(url, entry, at)
    return entry.keys if at - entry.fetched < STALE_SECONDS else _EMPTY


def _start(url: str) -> _Entry:
    """An entry from the shared cache, so that a new process need not ask again."""
    if len(_entries) >= _MOST:
        _entries.clear()
    entry = _Entry()
    kept = _read_shared(url)
    if kept is not None:
        entry.keys, entry.fetched = _parse(kept["body"]), kept["fetched"]
    return _entries.setdefault(url, entry)


def _refresh(url: str, entry: _Entry, at: float) -> None:
    try:
        body = fetch.get(url, accept="application/jwk-set+json, application/json").body
        entry.keys = _parse(body)
        entry.fetched = at
    except (fetch.FetchError, JoseError) as error:
        _log.warning(
            "client:key_set:unavailable", url=url, why=str(error), age=at - entry.fetched if entry.fetched else None
        )
        return
    _write_shared(url, {"body": body, "fetched": at})


def _parse(body: bytes) -> Keys:
    return _sort(parse_object(body))


def _sort(document: dict[str, Any]) -> Keys:
    return Keys(KeySet.from_jwks(document), EncryptionKeySet.from_jwks(document))


def _shared_key(url: str) -> str:
    return f"client-key-set-{hashlib.sha256(url.encode()).hexdigest()}"


def _read_shared(url: str) -> dict[str, Any] | None:
    try:
        kept = cache.get(_shared_key(url))
    except Exception:  # a cache that is away is no reason to refuse a client (design rule 8)
        return None
    return kept if isinstance(kept, dict) else None


def _write_shared(url: str, kept: dict[str, Any]) -> None:
    try:
        cache.set(_shared_key(url), kept, STALE_SECONDS)
    except Exception:  # as above
        _log.warning("client:key_set:uncached", url=url)
