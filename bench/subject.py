"""A server that is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
        is_ours: it is measured at a calm load too, and for what it holds in memory.
        asks: the identifier of a client that asks people for consent.
        usernames: makes people who can sign in.
        sweep: deletes what is past its time, as beat has it done; answers how many rows of each table.
        environment: of its processes.
    """

    name: str
    port: int
    pid: int
    start_seconds: float
    loads: Mapping[str, Callable[[], Load]]
    is_ours: bool = False
    asks: str = ""
    usernames: Callable[[], Sequence[str]] = tuple
    sweep: Callable[[], Mapping[str, int]] = dict
    environment: Mapping[str, str] = field(default_factory=dict)
