"""What must not be readable in a stolen table: encrypted, or known by a digest alone. How, the server says (settings.AT_REST)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings


def _module(name: str) -> Any:
    return import_module(settings.AT_REST[name])


def seal(plain: bytes, context: str) -> bytes:
    """Encrypt, so that it opens in the same context alone."""
    sealed: bytes = _module("wrap").wrap(plain, context)
    return sealed


def unseal(sealed: bytes, context: str) -> bytes:
    """The counterpart of ``seal``.

    Raises:
        ValueError: it was changed, or belongs to another context.
    """
    plain: bytes = _module("wrap").unwrap(sealed, context)
    return plain


def digest(value: str) -> bytes:
    """A keyed digest, 32 octets: short codes cannot be searched for without the key, which is not in the database."""
    found: bytes = _module("digest").digest(value)
    return found
