"""Which clients are one party (OpenID Connect Core §8.1): the sector is the host that their addresses share.

``sector_identifier_uri`` is the one address that is fetched while registering: without a look at it, anybody could enter
somebody else's sector and learn the identifiers that its clients know people by (OpenID Connect Registration §5).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from oauth_server.clients.readers import refuse
from oauth_server.outbound import fetch
from oauth_server.protocol import uris

_MEMBER: Final = "sector_identifier_uri"


def sector_of(sector_identifier_uri: str | None, redirect_uris: Iterable[str], client_id: str) -> str:
    """The sector of a client with pairwise subjects.

    Many applications come back to one loopback address or to none (private-use schemes): such a client shares with nobody.

    Args:
        sector_identifier_uri: as registered; None without one.
        redirect_uris: as registered; of one host when there is no ``sector_identifier_uri``.
        client_id: of the client.
    """
    if sector_identifier_uri is not None:
        return urlsplit(sector_identifier_uri).hostname or client_id
    host = next(iter(hosts(redirect_uris)), "")
    return client_id if not host or uris.is_loopback_host(host) else host


def hosts(redirect_uris: Iterable[str]) -> set[str]:
    """The hosts of redirect URIs; empty text for one that has none."""
    return {urlsplit(uri).hostname or "" for uri in redirect_uris}


def check(read: Mapping[str, Any]) -> None:
    """Fetch the document behind ``sector_identifier_uri``, if one is to be registered; it must list every redirect URI.

    Args:
        read: metadata with lists in it, as ``metadata.validate`` reads and ``metadata.describe`` tells it.

    Raises:
        InvalidClientMetadata: it cannot be had, is no such list, or lacks one.
    """
    address = read.get(_MEMBER)
    if address is None:
        return
    try:
        listed = json.loads(fetch.get(address, accept="application/json").body)
    except fetch.FetchError as error:
        # Why is for the log alone: it would tell a stranger what stands inside our network.
        raise refuse(_MEMBER, "could not be fetched", detail=str(error)) from None
    except (ValueError, RecursionError):
        raise refuse(_MEMBER, "does not lead to JSON") from None
    if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
        raise refuse(_MEMBER, "must lead to a JSON array of redirect URIs (OpenID Connect Registration section 5)")
    if missing := [uri for uri in read["redirect_uris"] if uri not in listed]:
        raise refuse(_MEMBER, f"leads to a list that lacks a redirect URI: {missing[0][:200]}")
