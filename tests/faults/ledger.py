"""What clients were told, so that it can be held against what is true after a fault."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Grant:
    """One family as its client knows it.

    Attributes:
        user: whose it is, and only it.
        code: the authorization code.
        verifier: that goes with it.
        live: the refresh token that counts, once the code was redeemed.
        access: the newest access token.
        spent: refresh tokens that were exchanged, oldest first.
        doubtful: a request about it got no clear answer, so that its next refusal proves nothing.
        stuck: it was refused after that: its client has to start anew.
        revoked: the server acknowledged its revocation.
    """

    user: str
    code: str
    verifier: str
    live: str = ""
    access: str = ""
    spent: list[str] = field(default_factory=list)
    doubtful: bool = False
    stuck: bool = False
    revoked: bool = False


@dataclass
class Ledger:
    """Counts outcomes and remembers when they came; several threads write.

    Attributes:
        counts: ``acknowledged``, ``outage`` (503 with Retry-After), ``unanswered``, ``stuck``, and the four that must not be:
            ``lost``, ``resurrected``, ``twice``, ``wrong``.
        wrong: what the unexpected answers were.
    """

    grants: list[Grant] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    broken_at: float = 0.0
    first_answer: float = 0.0
    last_failure: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str, detail: str = "") -> None:
        """One more of these; the detail is kept for ``wrong``, ``lost``, ``resurrected`` and ``twice``."""
        now = time.monotonic()
        with self._lock:
            self.counts[outcome] += 1
            if detail:
                self.wrong.append(f"{outcome}: {detail}")
            if self.broken_at and outcome == "acknowledged" and not self.first_answer:
                self.first_answer = now
            if self.broken_at and outcome in {"outage", "unanswered"}:
                self.last_failure = now
                self.first_answer = 0.0

    def breaks(self) -> None:
        """The fault happens now."""
        with self._lock:
            self.broken_at, self.first_answer, self.last_failure = time.monotonic(), 0.0, 0.0

    def number(self, outcome: str) -> int:
        """How many of these so far."""
        with self._lock:
            return self.counts[outcome]

    def seconds_until_whole(self) -> float:
        """From the fault to the first answer after which none failed; 0 when none failed at all."""
        return self.first_answer - self.broken_at if self.last_failure else 0.0
