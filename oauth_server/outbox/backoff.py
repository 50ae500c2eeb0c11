"""How long to wait after a try that failed (pure)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_FIRST_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 3_600.0


def pause(attempts: int, roll: float) -> timedelta:
    """5 s, 10 s, 20 s … an hour, less up to half of it by chance: those who failed together must not return together.

    Args:
        attempts: how many tries there were; at least 1.
        roll: from 0 to 1, by chance.
    """
    longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(attempts - 1, 30))
    return timedelta(seconds=longest * (1 - roll / 2))
