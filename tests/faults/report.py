"""``python -m tests.faults.report``: every fault many times under traffic, with the figures that the scorecard asks for (K-01 to K-06, K-13).

The tests assert that nothing is lost, resurrected, accepted twice or answered wrongly after one fault of each kind; here all figures are
printed, whatever they are. Seconds say something only on a machine that does nothing else. ``--write`` keeps them in docs/how-to/scale.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final

from bench import machine, page
from tests.faults import effects, overload
from tests.faults.breaks import FAULTS, failover
from tests.faults.ledger import Ledger
from tests.faults.stand import suffer

_COUNTS: Final = ("acknowledged", "lost", "resurrected", "twice", "wrong", "ghosts", "outage", "unanswered", "stuck")
_HEAD: Final = (
    "fault",
    "times",
    *_COUNTS,
    "stuck by one, most",
    "first answer, s, most",
    "whole again, s, most",
    "p95 before and after, ms",
    "answers/s",
)
# The scorecard asks for more of these than of the others.
_TIMES: Final = {"K-01": 30}
# What is said in a sentence of its own: how it is called → what makes it, of what must not be.
_SENTENCES: Final[dict[str, Callable[[Ledger], str]]] = {
    effects.BROKER: effects.broker_away,
    effects.WORKER: effects.workers_killed,
    overload.NAME: lambda _: overload.report(),
}


def _p95(seconds: Sequence[float]) -> str:
    return f"{1_000 * sorted(seconds)[int(0.95 * len(seconds))]:.1f}" if seconds else ""


def row(name: str, times: int, ledger: Ledger) -> str:
    """A line of the table: how often a fault was done, and what came of it."""
    cells = [name, str(times), *(f"{ledger.counts[count]:,}" for count in _COUNTS)]
    cells += [str(max(one.stuck for one in ledger.rounds))]
    cells += [f"{max(one.first for one in ledger.rounds):.2f}", f"{max(one.whole for one in ledger.rounds):.2f}"]
    cells += [f"{_p95(ledger.before)} / {_p95(ledger.during)}", f"{ledger.counts['acknowledged'] / ledger.seconds:.0f}"]
    return f"| {' | '.join(cells)} |"


def _suffered(name: str, times: int) -> tuple[str, Ledger]:
    """One fault, so often, and its line."""
    fault, _ = FAULTS[name]
    ledger, left = Ledger(), times
    while left:
        with fault() as (stand, deed):
            # A standby is promoted once; everything else breaks again and again.
            often = 1 if fault is failover else left
            suffer(stand, deed, often, ledger)
            left -= often
    return row(name, times, ledger), ledger


def main() -> int:
    """Run and print; 1 when anything was lost, resurrected, accepted twice or answered wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report", description=main.__doc__)
    parser.add_argument("--times", type=int, help="Of each fault; 10, and 30 of K-01, when absent.")
    parser.add_argument("--only", default="", help="Faults whose name contains this.")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    said: list[str] = []
    bad: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    say(f"| {' | '.join(_HEAD)} |")
    say(f"|---|{'---:|' * (len(_HEAD) - 1)}")
    for name in FAULTS:
        if options.only in name:
            line, ledger = _suffered(name, options.times or _TIMES.get(name[:4], 10))
            say(line)
            bad += ledger.wrong
    for name, sentence in _SENTENCES.items():
        if options.only in name:
            ledger = Ledger()
            say(f"\n{sentence(ledger)}")
            bad += ledger.wrong
    sys.stderr.writelines(f"{line}\n" for line in bad)
    if options.write:
        page.put("faults", f"{machine.sentence()}\n\n" + "\n".join(said), page.SCALE)
    return min(len(bad), 1)


if __name__ == "__main__":
    sys.exit(main())
