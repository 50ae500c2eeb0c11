"""The workshop in which budgets are counted, and its second use: ``python -m bench.budgets --write`` runs this file as a test."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from bench import budgets
from bench.instructions import count
from identity.models import LoginSession
from tests.support.budgeted import BUDGETED, PURE, Workshop
from tests.support.front_channel import Browser
from tests.support.parties import Code, Party


@pytest.fixture
def workshop(
    app: Party,
    service: Party,
    make_client: Callable[..., Party],
    browser: Browser,
    redeem: Callable[..., dict[str, Any]],
    make_code: Callable[..., Code],
    signed_in: LoginSession,
    allowed: Callable[..., None],
) -> Iterator[Workshop]:
    allowed()
    # As the bench has it (LOG_LEVEL=warning): pytest's own handlers would be counted.
    logging.disable(logging.INFO)
    yield Workshop(app, make_client(access_token_format="opaque"), service, browser, redeem, make_code)
    logging.disable(logging.NOTSET)


@pytest.mark.django_db
def test_count_all(workshop: Workshop) -> None:
    """Write down what everything takes, a JSON list a line."""
    with Path(os.environ[budgets.VARIABLE]).open("a", encoding="utf-8") as file:
        for name, part in BUDGETED.items():
            number = count(lambda part=part: part(workshop))
            file.write(json.dumps([name, connection.vendor, number]) + "\n")


@pytest.mark.django_db
def test_run_the_pure_parts_under_callgrind(workshop: Workshop) -> None:
    """Each between two calls of ``getpgid``, at which callgrind writes down how many instructions there were since the last."""
    subprocess.run(["callgrind_control", "--instr=on", str(os.getpid())], check=True, stdout=subprocess.DEVNULL)
    for name in PURE:
        do = BUDGETED[name](workshop)
        do()
        os.getpgid(0)
        for _ in range(budgets.NATIVE_ROUNDS):
            do()
        os.getpgid(0)
