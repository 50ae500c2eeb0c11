"""What a client knows a person by (OpenID Connect Core §8). Pure."""

from __future__ import annotations

import base64
import hmac
import uuid


def public_subject(user_id: uuid.UUID | str) -> str:
    """The public subject identifier: the person's UUID, the same for every client and never given to anybody else."""
    return str(uuid.UUID(str(user_id)))


def pairwise_subject(sector: str, user_id: uuid.UUID | str, salt: bytes) -> str:
    """The pairwise subject identifier: the same for all clients of a sector, and for no two sectors alike (§8.1).

    Args:
        sector: the host that the clients share.
        user_id: the person's.
        salt: a secret of this server; without it nobody can find the person, or compare two sectors.
    """
    # The UUID has a fixed length, so no other division into person and sector gives the same octets.
    person = uuid.UUID(str(user_id)).bytes
    return base64.urlsafe_b64encode(hmac.digest(salt, person + sector.encode(), "sha256")).rstrip(b"=").decode()
