"""What a client knows a person by (OpenID Connect Core §8). Pure."""

from __future__ import annotations

import uuid


def public_subject(user_id: uuid.UUID | str) -> str:
    """The public subject identifier: the person's UUID, the same for every client and never given to anybody else."""
    return str(uuid.UUID(str(user_id)))
