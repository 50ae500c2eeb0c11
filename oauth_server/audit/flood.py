"""How many rows strangers may add to the audit log: what goes beyond is counted, and the count is a fact itself.

Whoever can be refused can be refused a million times. Each refusal is logged and counted in the metrics as ever; only its row
gives way, kind by kind, so that a flood of one kind hides nothing of another; and person by person, so that a flood about oneself
hides nothing that happens to somebody else.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# Whose suppressed facts are counted apart; those of everybody else are counted together.
_MOST_APART: Final = 1_000
_MINUTE: Final = 60
# Of whom a minute's first fact has had its row; whoever drives more people or grants than this gets rows by the limits alone.
_MOST_KNOWN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows of one kind in a minute.

    Attributes:
        address: refusals that one address causes.
        refusals: refusals in all.
        successes: successes of one client, or of one person where no client takes part.
    """

    address: int
    refusals: int
    successes: int


@dataclass(frozen=True, slots=True)
class Fact:
    """What decides about a row; ``address`` is a network, and empty where no request caused the fact."""

    name: str
    result: str
    address: str
    client_id: str
    user: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """So many facts of a kind got no row; ``address``, ``client_id`` and ``user`` are empty where they are several."""

    fact: Fact
    count: int


class Flood:
    """The counts of the present minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._rows: Counter[tuple[str, str]] = Counter()
        self._known: set[tuple[str, str]] = set()
        self._suppressed: Counter[Fact] = Counter()
        self._over: list[Suppressed] = []

    def admits(self, fact: Fact, limits: Limits, now: datetime, family: str = "") -> bool:
        """Count a fact; False when its row gives way to a count.

        Args:
            fact: what happened.
            limits: of the rows.
            now: the moment.
            family: the token family concerned. It and the person are ours to name; a client's name is anybody's choice.
        """
        refused = fact.result == "failure"
        bounds = (
            (((fact.name, fact.address), limits.address), ((fact.name, ""), limits.refusals))
            if refused
            else (((fact.name, fact.client_id or fact.user), limits.successes),)
        )
        # Nobody outside causes a fact that names nobody: an operator's command, a task.
        if not bounds[0][0][1]:
            return True
        with self._lock:
            self._turn(int(now.timestamp()) // _MINUTE)
            if refused and self._is_first(fact.name, fact.user or family):
                return True
            if any(self._rows[key] >= most for key, most in bounds):
                self._suppress(fact, refused=refused)
                return False
            self._rows.update(key for key, _ in bounds)
            return True

    def _is_first(self, name: str, whom: str) -> bool:
        """Whether it is the minute's first of its kind that concerns them."""
        if not whom or (name, whom) in self._known or len(self._known) >= _MOST_KNOWN:
            return False
        self._known.add((name, whom))
        return True

    def _suppress(self, fact: Fact, *, refused: bool) -> None:
        whose = Fact(fact.name, fact.result, fact.address, "", "") if refused else fact
        if whose not in self._suppressed and len(self._suppressed) >= _MOST_APART:
            whose = Fact(fact.name, fact.result, "", "", "")
        self._suppressed[whose] += 1

    def _turn(self, minute: int) -> None:
        if minute != self._minute:
            self._over += [Suppressed(fact, count) for fact, count in self._suppressed.items()]
            self._minute, self._rows, self._known, self._suppressed = minute, Counter(), set(), Counter()

    def take(self, now: datetime | None) -> list[Suppressed]:
        """What was suppressed in minutes that are over; without a moment in the present one too, since the process ends."""
        with self._lock:
            self._turn(int(now.timestamp()) // _MINUTE if now else 0)
            taken, self._over = self._over, []
            return taken

    def forget(self) -> None:
        """Start anew: between tests."""
        with self._lock:
            self._minute, self._rows, self._known, self._suppressed, self._over = 0, Counter(), set(), Counter(), []
