"""What a request costs, in Python's own instructions, stays within what is recorded (bench/budgets.json).

Statements have budgets of their own, exact ones, in test_statements.py. After a change that is worth what it costs:
``python -m bench.budgets --write``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from bench import budgets, page
from bench.instructions import count
from tests.support.budgeted import BUDGETED, Workshop

pytest_plugins = ["tests.support.workshop"]

is_recorded_for_this_python = pytest.mark.skipif(
    not budgets.recorded(),
    reason="another minor version of Python has other instructions: python -m bench.budgets --write",
)


@is_recorded_for_this_python
@pytest.mark.django_db
def test_nothing_takes_over_a_tenth_more_instructions_than_recorded(workshop: Workshop) -> None:
    """All of them in one test, so that a run names everything that has grown."""
    counted = {name: count(lambda part=part: part(workshop)) for name, part in BUDGETED.items()}
    exceeded = [why for name, number in counted.items() if (why := budgets.excess(name, connection.vendor, number))]
    assert exceeded == []


@is_recorded_for_this_python
def test_what_is_recorded_is_counted_and_stands_in_the_documentation() -> None:
    assert budgets.recorded().keys() == BUDGETED.keys()
    assert page.read("budgets") == budgets.render()


def test_the_same_work_takes_the_same_number_of_instructions() -> None:
    def sum_up(to: int) -> Callable[[], Callable[[], int]]:
        return lambda: lambda: sum(number * number for number in range(to))

    assert count(sum_up(100)) == count(sum_up(100))
    assert 9.5 < count(sum_up(1_000)) / count(sum_up(100)) < 10.5


def test_a_tenth_more_is_allowed_and_not_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "recorded", lambda: {"it": {"sqlite": 1_000}})
    assert budgets.excess("it", "sqlite", 1_100) == ""
    assert "1.10 times its budget of 1,000" in budgets.excess("it", "sqlite", 1_101)
    assert "has no budget" in budgets.excess("that", "sqlite", 1)
