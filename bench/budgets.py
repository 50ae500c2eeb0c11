"""``python -m bench.budgets``: how many of Python's instructions each part and each request may take.

bench/budgets.json holds them; tests/oauth_server/test_budgets.py counts anew and fails when one takes over a tenth more. ``--write`` counts
on SQLite and on PostgreSQL, and keeps what was counted there and in docs/performance.md; ``--native`` has valgrind's callgrind count the
processor's instructions of the pure parts, too, which nobody judges.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import page
from tests.support.services import NotInstalled

FILE: Final = Path(__file__).with_suffix(".json")
MORE: Final = 1.10
DATABASES: Final = ("sqlite", "postgresql")
# Where the counting process writes what it counted.
VARIABLE: Final = "BUDGETS_FILE"
_COUNTING: Final = "tests/support/workshop.py"
NATIVE_ROUNDS: Final = 20
_CALLGRIND: Final = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-before=getpgid")

# What is counted → database → instructions.
Budgets = Mapping[str, Mapping[str, int]]


def python() -> str:
    """The version whose instructions are counted; another one has others."""
    return ".".join(map(str, sys.version_info[:2]))


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return kept


def recorded() -> Budgets:
    """What was recorded for this Python; empty when nothing was."""
    kept = _kept()
    budgets: Budgets = kept["instructions"] if kept["python"] == python() else {}
    return budgets


def excess(name: str, database: str, counted: int) -> str:
    """What is wrong with a count, as a sentence; empty when it is within its budget."""
    budget = recorded().get(name, {}).get(database)
    if budget is None:
        return f"{name} has no budget on {database}; python -m bench.budgets --write records one"
    if counted <= MORE * budget:
        return ""
    return f"{name} takes {counted:,} instructions on {database}, {counted / budget:.2f} times its budget of {budget:,}"


def render() -> str:
    """A Markdown table of what is recorded."""
    kept = _kept()
    lines = ["| part or request | on SQLite | on PostgreSQL | of the processor |", "|---|---:|---:|---:|"]
    for name, numbers in kept["instructions"].items():
        native = kept["native"].get(name)
        cells = [*(f"{numbers[database]:,}" for database in DATABASES), f"{native:,}" if native else ""]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _run(test: str, *before: str, **variables: str) -> None:
    """One test of the counting file, in a process of its own and on SQLite unless ``before`` says otherwise."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [*before, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{_COUNTING}::{test}"]
    done = subprocess.run(command, check=False, env=environment | variables, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout[-4_000:] + done.stderr[-2_000:])


def _count(folder: Path) -> dict[str, dict[str, int]]:
    file = folder / "counted"
    for database in DATABASES:
        beside = [] if database == "sqlite" else [sys.executable, "-m", "tests.support.services", database, "--"]
        _run("test_count_all", *beside, **{VARIABLE: str(file)})
    counted: dict[str, dict[str, int]] = {}
    for line in file.read_text("utf-8").splitlines():
        name, database, number = json.loads(line)
        counted.setdefault(name, {})[database] = number
    return counted


def _count_native(folder: Path, names: Sequence[str]) -> dict[str, int]:
    """Processor instructions; the same part takes another number on another kind of processor."""
    if not shutil.which("valgrind"):
        raise NotInstalled("valgrind is missing: apt install valgrind")
    _run(
        "test_run_the_pure_parts_under_callgrind",
        *_CALLGRIND,
        f"--callgrind-out-file={folder}/dump",
        PYTHONHASHSEED="0",
    )
    # Of each pair of dumps the second is what happened between two calls of getpgid.
    dumps = [(folder / f"dump.{2 * at}").read_text("utf-8") for at in range(1, len(names) + 1)]
    totals = [int(re.findall(r"^totals: (\d+)", dump, re.MULTILINE)[0]) for dump in dumps]
    return {name: 100 * round(total / NATIVE_ROUNDS / 100) for name, total in zip(names, totals, strict=True)}


def main() -> int:
    """Print the budgets, or count anew and keep what was counted."""
    parser = argparse.ArgumentParser(prog="python -m bench.budgets", description=main.__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--native", action="store_true")
    options = parser.parse_args()
    kept = _kept()
    with tempfile.TemporaryDirectory() as name:
        if options.write:
            kept |= {"python": python(), "instructions": _count(Path(name))}
        if options.native:
            pure = [part for part in kept["instructions"] if not part.startswith("request: ")]
            kept["native"] = _count_native(Path(name), pure)
    if options.write or options.native:
        FILE.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
        page.put("budgets", render())
    print(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
