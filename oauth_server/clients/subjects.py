"""By which identifiers a client knows a person (OpenID Connect Core §8) and a sign-in (Back-Channel Logout §2.1).

The identifiers of a sector follow from the key-encryption key: whoever replaces that key gives every person new ones.
"""

from __future__ import annotations

import uuid
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from identity.subjects import pairwise_subject, public_subject
from oauth_server.clients import sectors
from oauth_server.clients.client import PAIRWISE, RegisteredClient
from oauth_server.keys import secrets
from oauth_server.keys.wrap import derived_key

# What discovery prints and a client may register.
SUBJECT_TYPES: Final = ("public", PAIRWISE) if settings.FEATURES.pairwise_subjects else ("public",)


def subject_of(client: RegisteredClient, user_id: uuid.UUID | str) -> str:
    """The ``sub`` of a person in everything that ``client`` may read: ID tokens, access tokens, userinfo, logout tokens."""
    if client.sector is None:
        return public_subject(user_id)
    return pairwise_subject(client.sector, user_id, derived_key("pairwise subjects"))


def may_learn_subjects(client: RegisteredClient, address: str) -> bool:
    """Whether ``subject_of`` may be sent to an address of the client's choice, unasked (OpenID Connect Core §8.1).

    Anybody may register redirect URIs of another party: what is sent there reaches that party, and what is sent elsewhere
    must not tell a stranger by which identifiers the sector knows people.

    Args:
        client: as registered.
        address: absolute.
    """
    if client.sector is None or client.sector == client.client_id:
        return True
    return urlsplit(address).hostname in {client.sector, *sectors.hosts(client.redirect_uris)}


def sid_of(client: RegisteredClient, session: str) -> str:
    """The ``sid`` of a sign-in in everything that ``client`` may read: each has one of its own.

    With one for all, clients could tell together who is who, whatever their subjects: pairwise ones would hide nothing.

    Args:
        client: who reads it.
        session: the key of the sign-in, which stays in here.
    """
    return secrets.derive("sid", f"{client.client_id} {session}").hex()[:32]
