"""The figures: one row a profile, a database and a server; as a table, and kept in files when asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench import chart, machine, page

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"
PICTURE: Final = page.PERFORMANCE.with_suffix(".svg")
OURS: Final = "Gatehouse"


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. Milliseconds and megabytes; ``cpu_ms`` a request of the server, ``database_cpu_ms`` of PostgreSQL.

    ``calm`` is the load that a server should have: p50, p95 and p99 at 70 % of the rate; nothing for the peers.
    """

    profile: str
    database: str
    server: str
    rate: float
    p50: float
    p95: float
    p99: float
    megabytes: float
    cpu_ms: float
    database_cpu_ms: float
    failed: int
    start_seconds: float
    calm: tuple[float, float, float] | None = None


def _calm(row: Row) -> str:
    return " / ".join(f"{value:.2f}" for value in row.calm) if row.calm else ""


def line(row: Row) -> str:
    """One row for whoever waits."""
    return (
        f"{row.database:<11}{row.profile:<21}{row.server:<36}{row.rate:>9,.1f}/s  p50 {row.p50:>7.2f}  p99 {row.p99:>8.2f}"
        + (f"  at 70 %: {_calm(row)}" if row.calm else "")
        + (f"  {row.failed} FAILED" if row.failed else "")
    )


def _ratio(row: Row, rows: Iterable[Row], which: str) -> str:
    """How many times the rate of the peer whose name holds ``which``; each profile was measured once with each peer at most."""
    if row.server != OURS:
        return ""
    peers = {peer.server: peer.rate for peer in rows if peer.profile == row.profile}
    rate = next((rate for name, rate in peers.items() if which in name and rate), 0.0)
    return f"{row.rate / rate:,.2f}" if rate else ""


def render(rows: list[Row], remarks: Sequence[str] = ()) -> str:
    """A Markdown table, and sentences below it."""
    head = ("profile", "database", "server", "requests/s", "p50 ms", "p95 ms", "p99 ms", "p50 / p95 / p99 at 70 %", "RSS MB", "CPU ms", "database CPU ms", "failed",
            "times DOT fast hasher", "times DOT stock", "times node-oidc-provider")  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"|---|---|---|{'---:|' * (len(head) - 3)}"]
    for row in sorted(rows, key=lambda row: (row.profile, row.server != OURS, row.database)):
        cells = (
            row.profile, row.database, row.server, f"{row.rate:,.1f}", f"{row.p50:.2f}", f"{row.p95:.2f}", f"{row.p99:.2f}", _calm(row), f"{row.megabytes:.0f}",
            f"{row.cpu_ms:.3f}", f"{row.database_cpu_ms:.3f}", str(row.failed), _ratio(row, rows, "(fast "), _ratio(row, rows, "(stock "),
            _ratio(row, rows, "node-"),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    starts = {(row.server, row.database): row.start_seconds for row in rows}
    lines += ["", "Start to first answer: " + ", ".join(f"{server} on {database} {seconds:.2f} s" for (server, database), seconds in starts.items()) + "."]  # fmt: skip
    for remark in remarks:
        lines += ["", remark]
    return "\n".join(lines)


def write(rows: list[Row], remarks: Sequence[str] = ()) -> None:
    """Keep the figures, draw them, and put the table between the marks of docs/performance.md."""
    RESULTS.parent.mkdir(exist_ok=True)
    kept = {"machine": machine.facts(), "rows": [asdict(row) for row in rows], "remarks": list(remarks)}
    RESULTS.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    PICTURE.write_text(chart.draw(rows, OURS), "utf-8")
    page.put("bench", f"{machine.sentence()}\n\n{render(rows, remarks)}")
