"""Request objects at an address that their client registered (OpenID Connect Core §6.2, Registration §2, RFC 9101 §5.2)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final

from django.conf import settings

from oauth_server.clients.client import RegisteredClient
from oauth_server.outbound import cached_fetch
from oauth_server.outbound.fetch import Fetched

_ACCEPT: Final = "application/oauth-authz-req+jwt, application/jwt"
_SECONDS: Final = 3.0
# Content whose hash the address names cannot be another one later; else a client may change it at any time.
_KEEP_PROVEN: Final = 3_600
_KEEP: Final = 10
# What can be a hash of content (§6.2). Any other fragment says nothing, and anybody could make up one for each visit.
_HASH: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def is_registered(uri: str, client: RegisteredClient) -> bool:
    """Whether ``client`` registered an address; fragments only tell versions of its content apart (§6.2)."""
    address = uri.partition("#")[0]
    return any(address == registered.partition("#")[0] for registered in client.metadata.get("request_uris", ()))


def read(uri: str) -> bytes:
    """What stands at a registered address.

    A fragment that can be a hash is part of the name under which content is kept, so another one fetches anew (§6.2). The
    object itself is signed, so a fragment that is no hash of it decides about caching alone.

    Raises:
        FetchError: it cannot be had.
    """
    address, _, fragment = uri.partition("#")

    def keep(found: Fetched | None) -> int:
        return _KEEP_PROVEN if found is not None and fragment and fragment == hash_of(found.body) else _KEEP

    return cached_fetch.get(
        uri if _HASH.fullmatch(fragment) else address,
        "request-object",
        accept=_ACCEPT,
        most_octets=settings.LIMITS.jose_bytes,
        seconds=_SECONDS,
        keep=keep,
    ).body


def hash_of(body: bytes) -> str:
    """The fragment that names its own content: base64url of SHA-256 (§6.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode("ascii")
