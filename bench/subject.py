"""A server that is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.load import Load


@dataclass(frozen=True, slots=True)
class Subject:
    """A running server and the loads that it can take.

    Attributes:
        name: for the table.
        port: on 127.0.0.1.
        pid: its main process.
        start_seconds: from start to first answer.
        loads: profile → makes what is sent, at the moment it is needed.
    """

    name: str
    port: int
    pid: int
    start_seconds: float
    loads: Mapping[str, Callable[[], Load]]
