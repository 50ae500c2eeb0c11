"""Numbers for operators (Prometheus)."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import Counter, Histogram

EVENTS: Final = Counter("gatehouse_events", "Facts by name and result.", ["name", "result"])
REQUESTS: Final = Histogram(
    "gatehouse_request_seconds",
    "Time to answer a protocol endpoint.",
    ["endpoint", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


@cache
def _events(name: str, result: str) -> Counter:
    return EVENTS.labels(name, result)


@cache
def _requests(endpoint: str, status: int) -> Histogram:
    return REQUESTS.labels(endpoint, status)


def count(name: str, result: str) -> None:
    """Count a fact. Finding the counter by its labels would take longer than counting, so what was found is kept."""
    _events(name, result).inc()


def observe(endpoint: str, status: int, seconds: float) -> None:
    """Note how long an answer took."""
    _requests(endpoint, status).observe(seconds)
