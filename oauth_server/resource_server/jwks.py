"""An issuer's published keys, kept at hand (OpenID Connect Discovery §4, RFC 8414 §3, RFC 7517 §5).

A key that is not known is looked for once a minute at most, since anybody can send a token with an invented ``kid``. When the
issuer is away the keys at hand go on verifying: an outage of the issuer is no outage of the API.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from oauth_server.jose.errors import JoseError
from oauth_server.jose.key_sets import KeySet
from oauth_server.protocol.errors import TemporarilyUnavailable

log = logging.getLogger(__name__)

WELL_KNOWN: Final = "/.well-known/openid-configuration"
MAX_AGE: Final = 3_600
PAUSE: Final = 60
_PAUSE_WITHOUT_KEYS: Final = 2
_MOST_OCTETS: Final = 1_000_000
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class UnfitError(Exception):
    """A document of the issuer is not what it should be."""


def discover(client: httpx2.Client, issuer: str) -> dict[str, Any]:
    """The issuer's metadata.

    Raises:
        UnfitError: it speaks for another issuer (OpenID Connect Discovery §4.3) or is no JSON object.
        httpx2.HTTPError: it cannot be had.
    """
    document = fetch_object(client, issuer + WELL_KNOWN)
    if document.get("issuer") != issuer:
        raise UnfitError(f"The metadata at {issuer} speaks for another issuer.")
    return document


def endpoint(document: dict[str, Any], name: str) -> str:
    """An address out of the metadata.

    Raises:
        UnfitError: absent, or neither https nor on this machine: who can change an answer on its way chooses the keys.
    """
    value = document.get(name)
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise UnfitError(f"The metadata has no usable {name}.")
    return parts.geturl()


def fetch_object(client: httpx2.Client, url: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        UnfitError: something else, or too much of it.
        httpx2.HTTPError: it cannot be had.
    """
    response = client.get(url, headers={"Accept": "application/json"})
    response.raise_for_status()
    if len(response.content) > _MOST_OCTETS:
        raise UnfitError(f"The document at {url} is too large.")
    try:
        document = response.json()
    except ValueError:
        raise UnfitError(f"The document at {url} is not JSON.") from None
    if not isinstance(document, dict):
        raise UnfitError(f"The document at {url} is not a JSON object.")
    return document


class PublishedKeys:
    """The keys of one issuer; safe to share between threads.

    Args:
        issuer: as the tokens spell it.
        client: for the requests; redirects should stay off.
        max_age: seconds after which the keys are read again.
        pause: the least seconds between two looks for an unknown key.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        issuer: str,
        client: httpx2.Client,
        *,
        max_age: int = MAX_AGE,
        pause: int = PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._client = client
        self._max_age = max_age
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._read_at = float("-inf")
        self._tried_at = float("-inf")

    def get(self) -> KeySet:
        """The keys at hand, read again when they are old.

        Raises:
            TemporarilyUnavailable: there have never been any.
        """
        if self._keys is None or self._clock() - self._read_at >= self._max_age:
            self._refresh(_PAUSE_WITHOUT_KEYS if self._keys is None else self._pause)
        if self._keys is None:
            raise TemporarilyUnavailable("The keys of the authorization server cannot be read right now.")
        return self._keys

    def look_again(self) -> KeySet:
        """The keys, read again because one was missing, unless that was done within the pause.

        Raises:
            TemporarilyUnavailable: there have never been any.
        """
        self._refresh(self._pause)
        return self.get()

    def _refresh(self, pause: int) -> None:
        # Whoever has keys never waits for another thread's look; whoever has none must.
        if not self._lock.acquire(blocking=self._keys is None):
            return
        try:
            if self._clock() - self._tried_at < pause:
                return
            self._tried_at = self._clock()
            self._keys = self._read()
            self._read_at = self._clock()
        except (httpx2.HTTPError, httpx2.InvalidURL, JoseError, UnfitError) as error:
            log.warning("The keys of %s could not be read: %s", self._issuer, error)
        finally:
            self._lock.release()

    def _read(self) -> KeySet:
        address = endpoint(discover(self._client, self._issuer), "jwks_uri")
        keys = KeySet.from_jwks(fetch_object(self._client, address))
        if not len(keys):
            raise UnfitError("The key set has no usable key.")
        return keys
