"""Scope strings and sets (RFC 6749 §3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from oauth_server.protocol.errors import InvalidScope

_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")
_MOST: Final = 100


def parse(text: str) -> tuple[str, ...]:
    """Scope tokens in the order asked, each once.

    Raises:
        InvalidScope: a character that RFC 6749 §3.3 does not allow, or more than 100 tokens.
    """
    tokens = tuple(dict.fromkeys(text.split(" ")))
    tokens = tuple(token for token in tokens if token)
    if len(tokens) > _MOST:
        raise InvalidScope("Too many scope values.")
    if not all(_TOKEN.fullmatch(token) for token in tokens):
        raise InvalidScope("A scope value has a character that is not allowed.")
    return tokens


def join(scopes: Iterable[str]) -> str:
    """The wire form: tokens separated by one space."""
    return " ".join(scopes)


def narrow(requested: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """What a refresh may keep (RFC 6749 §6): the requested ones, all of which were granted before.

    Raises:
        InvalidScope: a scope that was not granted.
    """
    allowed = frozenset(granted)
    kept = tuple(requested)
    if not allowed.issuperset(kept):
        raise InvalidScope("The scope exceeds what was granted.")
    return kept
