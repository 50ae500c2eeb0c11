"""Whether a token is good for this API: the same judgement over every source (RFC 9068 §4, RFC 8707 §3, RFC 6750 §3.1)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import httpx2

from oauth_server.jose import algorithms
from oauth_server.jose.verify import JoseError, KeySet, check_times, inspect, verify
from oauth_server.protocol.errors import InvalidToken
from oauth_server.resource_server import bearer, jwks
from oauth_server.resource_server.introspect import Introspection
from oauth_server.resource_server.jwks import PublishedKeys
from oauth_server.resource_server.token import BearerToken, Source, from_claims

SKEW: Final = 30
_TIMEOUT: Final = 5.0
AT_JWT: Final = frozenset({"at+jwt"})


def http_client(ca_file: str = "") -> httpx2.Client:
    """A client that follows no redirect and waits five seconds at most.

    Args:
        ca_file: certificates to trust instead of the system's.
    """
    context: Any = httpx2.create_ssl_context(verify=ca_file) if ca_file else True
    return httpx2.Client(timeout=_TIMEOUT, follow_redirects=False, verify=context)


class Offline:
    """A source that needs nobody: the issuer's signature on a JWT (RFC 9068 §4).

    Args:
        issuer: as the tokens spell it.
        keys: the issuer's.
        types: values of ``typ`` that are accepted. ``JWT`` is for clients registered so, and never the default
            (RFC 8725 §3.11).
        skew: seconds that the issuer's clock may be off.
    """

    def __init__(self, issuer: str, keys: PublishedKeys, *, types: frozenset[str] = AT_JWT, skew: int = SKEW) -> None:
        self._issuer = issuer
        self._keys = keys
        self._types = types
        self._skew = skew

    def read(self, token: str, now: datetime) -> BearerToken:
        """See ``Source``."""
        try:
            claims = verify(token, self._keys_for(token), algorithms=algorithms.ACCESS_TOKEN, typ=self._types).claims
            check_times(claims, now, self._skew)
        except JoseError as error:
            raise InvalidToken(detail=str(error)) from None
        if not isinstance(claims.get("jti"), str):
            raise InvalidToken(detail="The token has no jti.")
        return from_claims(claims)

    def _keys_for(self, token: str) -> KeySet:
        seen = inspect(token)
        # A token of another issuer is not worth a look at our keys, let alone a request.
        if seen.claims.get("iss") != self._issuer:
            raise JoseError("The token is of another issuer.")
        keys = self._keys.get()
        if not keys.candidates(seen.header["alg"], seen.header.get("kid")):
            keys = self._keys.look_again()
        return keys


class TokenVerifier:
    """Judges what a source vouches for. Build one with ``offline`` or ``introspecting`` and keep it.

    Args:
        issuer: the only issuer that is believed.
        audience: the names of this API; a token must be for one of them (RFC 9068 §4, RFC 8707 §3).
        source: who vouches.
        skew: seconds that the issuer's clock may be off.
    """

    def __init__(self, issuer: str, audience: str | Collection[str], source: Source, *, skew: int = 0) -> None:
        self._issuer = issuer
        self._audience = frozenset([audience] if isinstance(audience, str) else audience) - {""}
        self._source = source
        self._skew = timedelta(seconds=skew)
        if not self._audience:
            raise ValueError("A resource server needs an audience: without one it accepts tokens for every other API.")

    @classmethod
    def offline(
        cls,
        issuer: str,
        audience: str | Collection[str],
        *,
        client: httpx2.Client | None = None,
        types: frozenset[str] = AT_JWT,
        skew: int = SKEW,
        max_age: int = jwks.MAX_AGE,
    ) -> TokenVerifier:
        """Verify JWT access tokens by the issuer's published keys.

        Args:
            issuer: its URL.
            audience: see the class.
            client: for discovery and JWKS.
            types: see ``Offline``.
            skew: seconds.
            max_age: seconds after which the keys are read again.
        """
        keys = PublishedKeys(issuer, client or http_client(), max_age=max_age)
        return cls(issuer, audience, Offline(issuer, keys, types=types, skew=skew), skew=skew)

    @classmethod
    def introspecting(
        cls,
        issuer: str,
        audience: str | Collection[str],
        *,
        client_id: str,
        client_secret: str,
        client: httpx2.Client | None = None,
        cache_seconds: int = 0,
    ) -> TokenVerifier:
        """Ask the issuer about every token, JWT or opaque. See ``Introspection`` for the arguments."""
        source = Introspection(issuer, client_id, client_secret, client or http_client(), cache_seconds=cache_seconds)
        return cls(issuer, audience, source)

    def verify(self, token: str, now: datetime, scopes: Collection[str] = ()) -> BearerToken:
        """See ``Verifier``."""
        said = self._source.read(token, now)
        if said.issuer != self._issuer or said.expires + self._skew <= now:
            raise InvalidToken
        if self._audience.isdisjoint(said.audience):
            raise InvalidToken("The access token is for another resource.")
        if said.confirmation:
            # A bound token without its proof is a stolen one (RFC 9449 §7.2, RFC 8705 §3).
            raise InvalidToken("The access token is bound to a key and cannot be used as a bearer token.")
        if not said.has(scopes):
            raise bearer.insufficient(scopes)
        return said
