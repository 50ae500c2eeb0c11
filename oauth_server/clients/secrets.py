"""Client secrets: made, kept as digests, two alive at once while one replaces the other (RFC 6749 §2.3.1, §10.1).

A client that computes with its secret (``client_secret_jwt``, HS256 ID tokens, ``dir``) has it kept encrypted as well; no other
has.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient, StoredSecret
from oauth_server.jose.algorithms import ALGORITHMS, DIRECT
from oauth_server.keys import secrets, wrap
from oauth_server.models import Client, ClientSecret, StateVersion
from oauth_server.protocol.errors import InvalidClientMetadata

# RFC 6749 appendix A.2: printable ASCII.
_SECRET: Final = re.compile(r"[\x20-\x7e]{1,512}")
# What a secret is compared with when there is no client: nothing digests to it in practice.
_NOBODY: Final = (StoredSecret(digest=bytes(32), wrapped=b"", expires=None),)

_LONG: Final = 32
# The members of metadata that name what we sign with, for this client alone.
SIGNATURES: Final = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "authorization_signed_response_alg",
)
_ENCRYPTIONS: Final = (
    "id_token_encrypted_response_alg",
    "userinfo_encrypted_response_alg",
    "authorization_encrypted_response_alg",
    "request_object_encryption_alg",
)
_SENT: Final = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})


@dataclass(frozen=True, slots=True)
class Use:
    """What a client's secret is for.

    Attributes:
        needed: whether the client has a secret at all.
        hmac_octets: the shortest secret that its HMAC algorithms (RFC 7518 §3.2) and its encryption can do with; 0 when
            the server never computes with the secret and so keeps only its digest.
    """

    needed: bool
    hmac_octets: int


def use_of(method: str, metadata: Mapping[str, Any]) -> Use:
    """What a client registered this way does with its secret."""
    algs = {metadata.get(name, "RS256") for name in SIGNATURES}
    if method == "client_secret_jwt":
        algs.add(metadata.get("token_endpoint_auth_signing_alg", "HS256"))
    octets = max(ALGORITHMS[alg].secret_octets for alg in algs)
    if any(metadata.get(name) == DIRECT for name in _ENCRYPTIONS):
        # A key that is hashed out of less would be weaker than it looks (OpenID Connect Core §16.19).
        octets = max(octets, _LONG)
    return Use(needed=method in _SENT or octets > 0, hmac_octets=octets)


def matches(client: RegisteredClient | None, readings: Sequence[str], now: datetime) -> bool:
    """Whether one of the ``readings`` of what was sent is one of the client's live secrets.

    An unknown client, and one without secrets, costs what a wrong secret costs (scorecard T-01).
    """
    live = client.live_secrets(now) if client is not None else ()
    found = False
    for reading in readings:
        digest = secrets.digest(reading)
        for stored in live or _NOBODY:
            found |= hmac.compare_digest(stored.digest, digest)
    return found and bool(live)


def add(client: Client, now: datetime, use: Use, *, given: str = "") -> str:
    """Give a client one more secret and answer it: the only moment that it can be read.

    Args:
        client: the stored row.
        now: the moment of the request.
        use: what the secret is for.
        given: a secret that the operator chose; a new one is made when empty.

    Raises:
        InvalidClientMetadata: the given secret cannot travel as RFC 6749 appendix A.2 says, or is too short for HMAC.
    """
    secret = given or secrets.mint(secrets.Kind.CLIENT_SECRET)
    if not _SECRET.fullmatch(secret):
        raise InvalidClientMetadata("client_secret must be 1 to 512 printable ASCII characters.")
    if len(secret) < use.hmac_octets:
        raise InvalidClientMetadata(
            f"client_secret must have {use.hmac_octets} characters or more for its HMAC algorithm or encryption."
        )
    ClientSecret.objects.keep(
        ClientSecret(
            client=client,
            digest=secrets.digest(secret),
            wrapped=wrap.wrap(secret.encode(), context(client.client_id)) if use.hmac_octets else b"",
            # The last characters of a short secret would give a good part of it away.
            last_four=secret[-4:] if len(secret) >= _LONG else "",
            created=now,
        )
    )
    return secret


def settle(client: Client, now: datetime, use: Use, *, given: str = "") -> str:
    """Make a client's secrets fit what it is registered for; answers the new secret, or nothing when none was made.

    A given secret replaces all others. One is made when the client needs it and has none that serves: a digest cannot
    sign, so a client that starts to compute with its secret gets a new one.

    Args:
        client: the stored row, in the caller's transaction.
        now: the moment of the request.
        use: what the secret is for.
        given: a secret that the operator chose.

    Raises:
        InvalidClientMetadata: see ``add``.
    """
    if not use.needed:
        ClientSecret.objects.drop(client)
        return ""
    live = ClientSecret.objects.of(client, now)
    if given or not live or not all(_serves(client.client_id, bytes(secret.wrapped), use) for secret in live):
        ClientSecret.objects.drop(client)
        return add(client, now, use, given=given)
    if not use.hmac_octets:
        ClientSecret.objects.forget_wrapped(client)
    return ""


def _serves(client_id: str, wrapped: bytes, use: Use) -> bool:
    if not use.hmac_octets:
        return True
    return bool(wrapped) and len(wrap.unwrap(wrapped, context(client_id))) >= use.hmac_octets


def context(client_id: str) -> str:
    """What binds a wrapped secret to its client, so that a row cannot be moved to another."""
    return f"client_secret {client_id}"


def readable(client: RegisteredClient, now: datetime) -> tuple[str, ...]:
    """The live secrets that the server may compute with, newest first (OpenID Connect Core §10.1)."""
    return tuple(
        wrap.unwrap(secret.wrapped, context(client.client_id)).decode()
        for secret in client.live_secrets(now)
        if secret.wrapped
    )


def end_former(client_id: str, now: datetime) -> bool:
    """End every secret of a client but the newest, before the overlap is over; False when there is but one.

    Raises:
        LookupError: there is no such client.
    """
    with transaction.atomic():
        row = Client.objects.lock(client_id)
        if row is None:
            raise LookupError(client_id)
        if not ClientSecret.objects.keep_newest(row, now):
            return False
        StateVersion.objects.bump("clients")
    registry.forget()
    return True


def rotate(client_id: str, now: datetime) -> str:
    """Give a client a new secret; the former one works ``LIFETIMES.client_secret_overlap`` seconds more.

    Secrets older than that end at once, so that never more than two live.

    Raises:
        LookupError: there is no such client.
    """
    with transaction.atomic():
        row = Client.objects.lock(client_id)
        if row is None:
            raise LookupError(client_id)
        ClientSecret.objects.retire(row, now, now + timedelta(seconds=settings.LIFETIMES.client_secret_overlap))
        secret = add(row, now, use_of(row.token_endpoint_auth_method, row.metadata))
        StateVersion.objects.bump("clients")
    registry.forget()
    return secret
