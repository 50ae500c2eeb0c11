"""Numbers for operators (Prometheus)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

EVENTS: Final = Counter("gatehouse_events", "Facts by name and result.", ["name", "result"])
REQUESTS: Final = Histogram(
    "gatehouse_request_seconds",
    "Time to answer a protocol endpoint.",
    ["endpoint", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
