"""Asking the issuer about a token (RFC 7662): for opaque tokens, and where a revocation must be felt at once."""

from __future__ import annotations

import base64
import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

import httpx2

from oauth_server.protocol.errors import InvalidToken, TemporarilyUnavailable
from oauth_server.resource_server.jwks import UnfitError, discover, endpoint
from oauth_server.resource_server.token import BearerToken, from_claims

log = logging.getLogger(__name__)

_MOST_CACHED: Final = 10_000
# What our answers call the tokens that may be sent as a bearer; another server may leave it out (RFC 7662 §2.2).
_TYPES: Final = frozenset({"bearer", ""})


def basic(client_id: str, client_secret: str) -> str:
    """An Authorization header value (RFC 6749 §2.3.1: form-encoded first)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")


class Introspection:
    """A source that asks the issuer.

    Args:
        issuer: as its metadata spells it.
        client_id: of this resource server; it must be allowed to introspect the tokens that it receives.
        client_secret: of this resource server.
        client: for the requests.
        cache_seconds: how long an active answer is believed; a revocation is felt that much later. 0, the default, asks
            every time. Refusals are never kept.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        client: httpx2.Client,
        *,
        cache_seconds: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._authorization = basic(client_id, client_secret)
        self._client = client
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._endpoint = ""
        self._lock = threading.Lock()
        self._cache: OrderedDict[bytes, tuple[float, BearerToken]] = OrderedDict()

    def read(self, token: str, now: datetime) -> BearerToken:  # noqa: ARG002  # expiry is judged by the verifier
        """See ``Source``."""
        # The cache holds digests, so a memory dump of the API hands out no token.
        name = hashlib.sha256(token.encode("utf-8")).digest()
        with self._lock:
            kept = self._cache.get(name)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        answer = self._ask(token)
        if answer.get("active") is not True or str(answer.get("token_type", "")).lower() not in _TYPES:
            raise InvalidToken
        # RFC 7662 §2.2 makes iss optional; whoever was asked is then the issuer.
        said = replace(from_claims({"iss": self._issuer, **answer}), claims=answer)
        if self._cache_seconds:
            self._keep(name, said)
        return said

    def _keep(self, name: bytes, said: BearerToken) -> None:
        with self._lock:
            self._cache[name] = (self._clock() + self._cache_seconds, said)
            self._cache.move_to_end(name)
            while len(self._cache) > _MOST_CACHED:
                self._cache.popitem(last=False)

    def _ask(self, token: str) -> dict[str, Any]:
        try:
            if not self._endpoint:
                self._endpoint = endpoint(discover(self._client, self._issuer), "introspection_endpoint")
            response = self._client.post(
                self._endpoint,
                data={"token": token, "token_type_hint": "access_token"},
                headers={"Authorization": self._authorization, "Accept": "application/json"},
            )
            response.raise_for_status()
            answer = response.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, UnfitError, ValueError) as error:
            log.warning("%s could not be asked about a token: %s", self._issuer, error)
            raise TemporarilyUnavailable("The authorization server cannot be asked right now.") from None
        if not isinstance(answer, dict):
            raise TemporarilyUnavailable("The authorization server gave an unreadable answer.")
        return answer
