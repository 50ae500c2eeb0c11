"""What Granian says of our settings (granian.json is how it is told; no Django here, since its main process needs none)."""

from __future__ import annotations

import logging
from typing import Final

_THREADS: Final = "Configuration allows spawning up to"


class Meant(logging.Filter):
    """Drops the warning that there may be more threads than a computing server wants.

    It adds "if this is intentional, you can safely ignore this message", and it is: those above the number of cores wait for
    a password to be hashed, or for the database (``processes.WEB_THREADS``). It would be the first line that a newcomer reads.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether somebody should read the line."""
        return not record.getMessage().startswith(_THREADS)
