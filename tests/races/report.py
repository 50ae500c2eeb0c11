"""``python -m tests.races.report``: the storms with larger N, on both databases, as a table for the notes.

The tests assert the same counts with smaller N; here they are printed, whatever they are.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

from tests.races import pairs
from tests.races.race import Race
from tests.support import services
from tests.support.server import house


def _codes(race: Race, storms: int, n: int) -> str:
    outcomes: Counter[str] = Counter()
    families: Counter[int] = Counter()
    late = 0
    for _ in range(storms):
        counted, rows, won, code = race.redeem_at_once(n)
        outcomes += counted
        families[rows["live"]] += 1
        race.seed("age_codes", user=code["user"])
        late += not race.late_replay_leaves(code, won)
    return f"{_say(outcomes)}; live families a storm {dict(families)}; ended by a late replay {late} of {storms}"


def _refreshes(race: Race, storms: int, n: int, *, grace: bool) -> str:
    outcomes: Counter[str] = Counter()
    successors: Counter[int] = Counter()
    living: Counter[int] = Counter()
    for _ in range(storms):
        counted, handed_out, live = race.refresh_at_once(n, race.graceful if grace else race.server)
        outcomes += counted
        successors[len(handed_out)] += 1
        living[len(live)] += 1
    return f"{_say(outcomes)}; distinct successors a storm {dict(successors)}; of them live {dict(living)}"


def _say(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count:,} times {outcome}" for outcome, count in sorted(outcomes.items()))


def figures(race: Race, storms: int, n: int, repetitions: int) -> Iterator[tuple[str, str]]:
    """Name and outcome of each storm."""
    yield f"R-01..R-03 {storms} storms of {n} redemptions of one code", _codes(race, storms, n)
    yield f"R-04 {storms} storms of {n} refreshes, no grace", _refreshes(race, storms, n, grace=False)
    yield f"R-04 {storms} storms of {n} refreshes, with grace", _refreshes(race, storms, n, grace=True)
    for kind, pair in pairs.PAIRS:
        handed_out, live = pairs.run(race, kind, pair, repetitions)
        yield (
            f"R-06 {repetitions} pairs: {pair.__name__}",
            f"{handed_out} tokens handed out, {len(live)} live afterwards",
        )


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.races.report", description=main.__doc__)
    parser.add_argument("--storms", type=int, default=200)
    parser.add_argument("-n", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    sys.stdout.write("| database | storm | outcome | seconds |\n|---|---|---|---:|\n")
    for database in ("sqlite", "postgresql"):
        if options.database in {None, database}:
            with ExitStack() as stack:
                url = stack.enter_context(services.postgresql()) if database == "postgresql" else ""
                race = Race.begin(stack.enter_context(house(url)), stack, workers=options.workers)
                begun = time.monotonic()
                for name, outcome in figures(race, options.storms, options.n, options.pairs):
                    sys.stdout.write(f"| {database} | {name} | {outcome} | {time.monotonic() - begun:.0f} |\n")
                    sys.stdout.flush()
                    begun = time.monotonic()
    return 0


if __name__ == "__main__":
    sys.exit(main())
