"""``python -m tests.faults.report``: every fault many times under traffic, as a table for the notes.

The tests assert that the four columns in the middle are empty after one fault of each kind; here all figures are printed, whatever
they are. Seconds say something only on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import sys

from tests.faults import overload
from tests.faults.breaks import FAULTS, failover
from tests.faults.ledger import Ledger
from tests.faults.stand import suffer

_COLUMNS = ("acknowledged", "lost", "resurrected", "twice", "wrong", "outage", "unanswered", "stuck")


def main() -> int:
    """Run and print; 1 when anything was lost, resurrected, accepted twice or answered wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.report", description=main.__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--only", default="", help="Faults whose name contains this.")
    options = parser.parse_args()
    sys.stdout.write(f"| fault, {options.times} times | {' | '.join(_COLUMNS)} | seconds until whole (last) |\n")
    sys.stdout.write(f"|---|{'---:|' * (len(_COLUMNS) + 1)}\n")
    bad = 0
    for name, (fault, _) in FAULTS.items():
        if options.only in name:
            ledger = Ledger()
            times = options.times
            while times:
                with fault() as (stand, deed):
                    # A standby is promoted once; everything else breaks again and again.
                    often = 1 if fault is failover else times
                    suffer(stand, deed, often, ledger)
                    times -= often
            figures = " | ".join(f"{ledger.counts[column]:,}" for column in _COLUMNS)
            sys.stdout.write(f"| {name} | {figures} | {ledger.seconds_until_whole():.1f} |\n")
            sys.stdout.flush()
            bad += len(ledger.wrong)
            sys.stderr.writelines(f"{line}\n" for line in ledger.wrong)
    if options.only in overload.NAME:
        sys.stdout.write(f"\n{overload.report()}\n")
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
