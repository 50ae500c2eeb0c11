"""``id_token_hint``: an ID token of ours, come back (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).

It may be expired: it says who somebody was, not that they are here. So it never proves anything by itself; callers compare it
with the sign-in of the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from oauth_server.clients import encryption, registry, secrets
from oauth_server.clients.client import RegisteredClient
from oauth_server.jose import verify as jose
from oauth_server.jose.algorithms import SIGNING, SYMMETRIC
from oauth_server.jose.key_sets import KeySet
from oauth_server.keys import store
from oauth_server.protocol.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Hint:
    """What a verified hint says.

    Attributes:
        subject: ``sub``.
        client: the client that it was issued to.
        sid: of the sign-in that it came from, as its client knows it; empty when it names none.
    """

    subject: str
    client: RegisteredClient
    sid: str


def read(token: str, now: datetime, audience: RegisteredClient | None = None) -> Hint:
    """Verify a hint: our signature, our name as issuer, a client of ours as its one audience.

    Args:
        token: as received.
        now: aware UTC; only decides which client secrets live.
        audience: the client that presents it; None when that is for the hint to say.

    Raises:
        InvalidRequest: it is not an ID token of ours, or was issued to another client.
    """
    try:
        token = encryption.open_hint(token)
        seen = jose.inspect(token, limit=settings.LIMITS.jose_bytes)
        client = _client(seen.claims)
        if seen.header["alg"] in SYMMETRIC:
            # OpenID Connect Core §10.1: keyed with the secret of the client that it was issued to.
            keys = KeySet.from_secret(*secrets.readable(client, now))
            algorithms = SYMMETRIC
        else:
            keys, algorithms = store.hint_keys(), frozenset(SIGNING)
        claims = jose.verify(token, keys, algorithms=algorithms, limit=settings.LIMITS.jose_bytes).claims
    except jose.JoseError as error:
        raise InvalidRequest("The id_token_hint is invalid.", detail=str(error)) from None
    if claims.get("iss") != settings.ISSUER or not claims.get("sub"):
        raise InvalidRequest("The id_token_hint is invalid: it was not issued here.")
    if audience is not None and client.client_id != audience.client_id:
        raise InvalidRequest("The id_token_hint is invalid: it was issued to another client.")
    return Hint(claims["sub"], client, claims.get("sid", ""))


def _client(claims: Mapping[str, Any]) -> RegisteredClient:
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    client = registry.get(audience) if isinstance(audience, str) else None
    if client is None:
        raise jose.JoseError("The audience is no client of this server.")
    return client
