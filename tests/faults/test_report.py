"""The report of all faults takes an hour; what it has found stays on its page when it is cut off."""

from __future__ import annotations

from bench import machine
from tests.faults import overload
from tests.faults.breaks import FAULTS
from tests.faults.report import merged

FIRST, SECOND, *_ = FAULTS


def test_what_is_measured_later_joins_what_is_kept_in_the_order_of_the_table() -> None:
    kept = ""
    for name, line in (
        (overload.NAME, f"{overload.NAME}: held"),
        (SECOND, f"| {SECOND} | 2 |"),
        (FIRST, f"| {FIRST} | 3 |"),
    ):
        kept = merged({name: line}, kept)
    assert kept.splitlines()[4:] == [f"| {FIRST} | 3 |", f"| {SECOND} | 2 |", "", f"{overload.NAME}: held"]
    again = merged({SECOND: f"| {SECOND} | 9 |"}, kept)
    assert again == kept.replace(f"| {SECOND} | 2 |", f"| {SECOND} | 9 |")


def test_figures_of_another_machine_or_day_do_not_stay_beside_those_of_this_one() -> None:
    there = merged({FIRST: f"| {FIRST} | 3 |"}, "").replace(machine.sentence(), "A toaster, yesterday.")
    assert FIRST not in merged({SECOND: f"| {SECOND} | 2 |"}, there)
