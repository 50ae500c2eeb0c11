"""What clients were told, so that it can be held against what is true after a fault."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


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


class Round(NamedTuple):
    """One fault: seconds until the first answer and until the last failure was past; and how many clients were stuck by it."""

    first: float
    whole: float
    stuck: int


@dataclass
class Ledger:
    """Counts outcomes and remembers when they came; several threads write.

    Attributes:
        counts: ``acknowledged``, ``outage`` (503 with Retry-After), ``unanswered``, ``stuck``, and the four that must not be:
            ``lost``, ``resurrected``, ``twice``, ``wrong``; and ``ghosts``: what was done and its client never told.
        wrong: what the unexpected answers were.
        rounds: one a fault, once it is over.
        seconds: of traffic.
        before: seconds that each answer took before the fault; ``during`` those after it.
    """

    grants: list[Grant] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    broken_at: float = 0.0
    rounds: list[Round] = field(default_factory=list)
    before: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)
    seconds: float = 0.0
    any_answer: float = 0.0
    first_answer: float = 0.0
    last_failure: float = 0.0
    _stuck_before: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: str, detail: str = "", took: float = 0.0) -> None:
        """One more of these; the detail is kept for ``wrong``, ``lost``, ``resurrected`` and ``twice``, the seconds of answers."""
        now = time.monotonic()
        with self._lock:
            self.counts[outcome] += 1
            if detail:
                self.wrong.append(f"{outcome}: {detail}")
            if took:
                (self.during if self.broken_at else self.before).append(took)
            # What was asked before it broke and answered after says nothing.
            if self.broken_at and outcome == "acknowledged" and now - took > self.broken_at:
                self.any_answer = self.any_answer or now
                self.first_answer = self.first_answer or now
            if self.broken_at and outcome in {"outage", "unanswered"}:
                self.last_failure = now
                self.first_answer = 0.0

    def breaks(self) -> None:
        """The fault happens now."""
        with self._lock:
            self.broken_at = time.monotonic()
            self.any_answer = self.first_answer = self.last_failure = 0.0
            self._stuck_before = self.counts["stuck"]

    def is_over(self) -> None:
        """The fault, and what came of it: keep its figures."""
        with self._lock:
            stuck = self.counts["stuck"] - self._stuck_before
            whole = self.first_answer - self.broken_at if self.last_failure else 0.0
            self.rounds.append(Round(max(0.0, self.any_answer - self.broken_at), whole, stuck))
            self.broken_at = 0.0

    def number(self, outcome: str) -> int:
        """How many of these so far."""
        with self._lock:
            return self.counts[outcome]
