"""How many instructions of Python's interpreter something takes.

The same on every machine, on every day and beside any other work, as long as Python's minor version and the libraries are the
same; so a test may fail by it, where one that measured time would fail by the weather. What runs inside a C function (a
signature, a hash, a statement) counts as the one instruction that calls it: ``bench.budgets --native`` counts that.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

# Once a second a request also asks whether clients and keys have changed, and what comes first fills caches.
_ROUNDS: Final = 4


def count(prepare: Callable[[], Callable[[], object]]) -> int:
    """The fewest that any of a few rounds took.

    Args:
        prepare: makes ready what is counted, anew for each round: a token that can be used once.
    """
    return min(_once(prepare()) for _ in range(_ROUNDS))


def _once(do: Callable[[], object]) -> int:
    steps = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if event == "opcode":
            steps += 1
        elif event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace

    # A look for garbage would run the finalisers of somebody else's objects.
    was_collecting, traced_by = gc.isenabled(), sys.gettrace()
    gc.disable()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(traced_by)
        if was_collecting:
            gc.enable()
    return steps
