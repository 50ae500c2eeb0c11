"""What somebody probably meant who wrote a word that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`` Did you mean …?``, to go behind a sentence; empty when no known word is near.

    Args:
        word: as written.
        known: what it might have been.
        cutoff: how alike they must be, from 0 (anything) to 1 (the same).
    """
    near = difflib.get_close_matches(word, list(known), 1, cutoff)
    return f" Did you mean {near[0]}?" if near else ""
