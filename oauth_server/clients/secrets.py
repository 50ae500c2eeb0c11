"""Client secrets: made, kept as digests, two alive at once while one replaces the other (RFC 6749 §2.3.1, §10.1).

A client that computes with its secret (``client_secret_jwt``, HS256 ID tokens) has it kept encrypted as well; no other has.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from oauth_server.clients import registry
from oauth_server.clients.client import RegisteredClient, StoredSecret
from oauth_server.keys import secrets, wrap
from oauth_server.models import Client, ClientSecret, StateVersion
from oauth_server.protocol.errors import InvalidClientMetadata

# RFC 6749 appendix A.2: printable ASCII.
_SECRET: Final = re.compile(r"[\x20-\x7e]{1,512}")
# RFC 7518 §3.2: an HMAC key at least as long as the hash.
_LEAST_HMAC_OCTETS: Final = 32
# What a secret is compared with when there is no client: nothing digests to it in practice.
_NOBODY: Final = (StoredSecret(digest=bytes(32), wrapped=b"", expires=None),)

_SENT: Final = frozenset({"client_secret_basic", "client_secret_post", "client_secret_jwt"})


def is_needed(method: str, id_token_alg: str) -> bool:
    """Whether a client with this method and ID token algorithm has a secret at all."""
    return method in _SENT or is_computed_with(method, id_token_alg)


def is_computed_with(method: str, id_token_alg: str) -> bool:
    """Whether the server needs the secret itself, not only its digest."""
    return method == "client_secret_jwt" or id_token_alg.startswith("HS")


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


def context(client_id: str) -> str:
    """What binds a wrapped secret to its client, so that a row cannot be moved to another."""
    return f"client_secret {client_id}"


def check_given(secret: str, *, computed_with: bool) -> None:
    """Judge a secret that an operator chose.

    Raises:
        InvalidClientMetadata: it cannot travel as RFC 6749 appendix A.2 says, or is too short to key an HMAC.
    """
    if not _SECRET.fullmatch(secret):
        raise InvalidClientMetadata("client_secret must be 1 to 512 printable ASCII characters.")
    if computed_with and len(secret) < _LEAST_HMAC_OCTETS:
        raise InvalidClientMetadata(
            f"client_secret must have {_LEAST_HMAC_OCTETS} characters or more to sign with HMAC."
        )


def add(client: Client, now: datetime, *, computed_with: bool, given: str = "") -> str:
    """Give a client one more secret and answer it: the only moment that it can be read.

    Args:
        client: the stored row.
        now: the moment of the request.
        computed_with: whether an encrypted copy is kept.
        given: a secret that the operator chose; a new one is made when empty.
    """
    secret = given or secrets.mint("cs")
    check_given(secret, computed_with=computed_with)
    ClientSecret.objects.keep(
        ClientSecret(
            client=client,
            digest=secrets.digest(secret),
            wrapped=wrap.wrap(secret.encode(), context(client.client_id)) if computed_with else b"",
            # The last characters of a short secret would give a good part of it away.
            last_four=secret[-4:] if len(secret) >= _LEAST_HMAC_OCTETS else "",
            created=now,
        )
    )
    return secret


def settle(client: Client, now: datetime, *, needed: bool, computed_with: bool, given: str = "") -> str:
    """Make a client's secrets fit what it is registered for; answers the new secret, or nothing when none was made.

    A given secret replaces all others. One is made when the client needs it and has none that serves: the digest of a
    secret cannot sign, so a client that starts to compute with its secret gets a new one.

    Args:
        client: the stored row, in the caller's transaction.
        now: the moment of the request.
        needed: whether the client has a secret at all.
        computed_with: whether an encrypted copy is kept.
        given: a secret that the operator chose.
    """
    if not needed:
        ClientSecret.objects.drop(client)
        return ""
    live = ClientSecret.objects.of(client, now)
    if given or not live or (computed_with and not all(secret.wrapped for secret in live)):
        ClientSecret.objects.drop(client)
        return add(client, now, computed_with=computed_with, given=given)
    if not computed_with:
        # Nothing computes with it any longer: the readable copy goes.
        ClientSecret.objects.forget_wrapped(client)
    return ""


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
        alg = row.metadata.get("id_token_signed_response_alg", "RS256")
        ClientSecret.objects.retire(row, now, now + timedelta(seconds=settings.LIFETIMES.client_secret_overlap))
        secret = add(row, now, computed_with=is_computed_with(row.token_endpoint_auth_method, alg))
        StateVersion.objects.bump("clients")
    registry.forget()
    return secret
