"""``python -m tests.faults.report``: every fault many times under traffic, with the figures that the scorecard asks for (K-01 to K-06, K-13).

The tests assert that nothing is lost, resurrected, accepted twice or answered wrongly after one fault of each kind; here all figures are
printed, whatever they are. Seconds say something only on a machine that does nothing else. ``--write`` keeps them in docs/how-to/scale.md,
each as soon as it is known: what was cut off is gone on with by ``--only``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
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
_TABLE: Final = f"| {' | '.join(_HEAD)} |\n|---|{'---:|' * (len(_HEAD) - 1)}"
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


def merged(said: Mapping[str, str], kept: str) -> str:
    """The block of the page.

    Args:
        said: what came of each fault now, by its name.
        kept: the block before. What it says of other faults stays if it was measured on the same machine and day.
    """
    lines = kept.splitlines() if kept.startswith(machine.sentence()) else []
    names = (*FAULTS, *_SENTENCES)
    known = {name: line for name in names for line in lines if line.startswith((f"| {name} |", f"{name}:"))} | said
    rows = [known[name] for name in FAULTS if name in known]
    sentences = [f"\n{known[name]}" for name in _SENTENCES if name in known]
    return "\n".join([machine.sentence(), "", _TABLE, *rows, *sentences])


def main() -> int:
    """Run and print; 1 when anything was lost, resurrected, accepted twice or answered wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report", description=main.__doc__)
    parser.add_argument("--times", type=int, help="Of each fault; 10, and 30 of K-01, when absent.")
    parser.add_argument("--only", default="", help="Faults whose name contains this.")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    bad: list[str] = []

    def say(name: str, line: str, ledger: Ledger) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        sys.stderr.writelines(f"{wrong}\n" for wrong in ledger.wrong)
        bad.extend(ledger.wrong)
        if options.write:
            page.put("faults", merged({name: line.strip()}, page.read("faults", page.SCALE)), page.SCALE)

    sys.stdout.write(f"{_TABLE}\n")
    for name in FAULTS:
        if options.only in name:
            say(name, *_suffered(name, options.times or _TIMES.get(name[:4], 10)))
    for name, sentence in _SENTENCES.items():
        if options.only in name:
            ledger = Ledger()
            say(name, f"\n{sentence(ledger)}", ledger)
    return min(len(bad), 1)


if __name__ == "__main__":
    sys.exit(main())
