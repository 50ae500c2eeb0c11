"""A client's public keys, for its signatures and for what we encrypt to it: registered inline, or behind its ``jwks_uri`` (RFC 7591 §2, OpenID Connect Core §10.1.1).

A fetched set is kept as ``outbound.kept`` says: a client that changes its keys is understood two seconds later, and an outage
at the client's does not end its service.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from oauth_server.clients.client import RegisteredClient
from oauth_server.jose.encoding import parse_object
from oauth_server.jose.encrypt import EncryptionKey, EncryptionKeySet
from oauth_server.jose.key_sets import KeySet
from oauth_server.outbound.kept import Kept

_MOST: Final = 1_000


class Keys(NamedTuple):
    """One JWK Set, sorted by use."""

    verification: KeySet
    encryption: EncryptionKeySet


_EMPTY: Final = Keys(KeySet(()), EncryptionKeySet())


def _parse(body: bytes) -> Keys:
    return _sort(parse_object(body))


def _sort(document: dict[str, Any]) -> Keys:
    return Keys(KeySet.from_jwks(document), EncryptionKeySet.from_jwks(document))


_inline: dict[str, tuple[RegisteredClient, Keys]] = {}
_fetched: Final = Kept("client:key_set", _parse, _EMPTY, "application/jwk-set+json, application/json")


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
    return _fetched.get(client.jwks_uri, is_wanting, now)


def forget() -> None:
    """Drop what this process keeps; between tests."""
    _inline.clear()
    _fetched.forget()


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
