"""Put load on a server with wrk: one thread, pinned, a few connections that each wait for their answer."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from tests.support.services import NotInstalled

CONNECTIONS: Final = 8
# Enough of them that one that waits for its answer does not make the load smaller.
RESTING_CONNECTIONS: Final = 64
SCRIPT: Final = Path(__file__).with_name("load.lua")
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Load:
    """What to send.

    Attributes:
        mode: ``constant`` (the first request over and over), ``list`` (each once, in order), ``queue`` (chains of refresh tokens).
        lines: the requests, as ``load.lua`` reads them.
    """

    mode: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """What wrk saw. Milliseconds; ``refused`` counts answers of 400 and more."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50: float
    p95: float
    p99: float

    @property
    def rate(self) -> float:
        """Answers a second that gave what was asked for."""
        return (self.requests - self.refused) / self.seconds


def line(method: str, path: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> str:
    """One request for ``load.lua``."""
    sent = dict(headers) | ({"Content-Type": FORM} if form else {})
    joined = "\x1f".join(f"{name}: {value}" for name, value in sent.items())
    return "\t".join((method, path, joined, urlencode(form, safe="@") if form else ""))


def basic(client_id: str, secret: str) -> dict[str, str]:
    """The Authorization header of a client."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def put(
    load: Load,
    port: int,
    seconds: float,
    cpu: str,
    start: int = 1,
    rate: float = 0.0,
    connections: int = 0,
) -> Measured:
    """Send for some seconds.

    Args:
        load: what.
        port: on 127.0.0.1.
        seconds: how long.
        cpu: for taskset.
        start: the first line of a list to use.
        rate: requests a second, at random moments; as many as the server takes from 8 connections when 0.

        connections: that ask at once; 64 that rest or 8 that do not when 0.

    Raises:
        NotInstalled: wrk is missing.
    """
    if not shutil.which("wrk"):
        raise NotInstalled("wrk is missing: apt install wrk")
    connections = connections or (RESTING_CONNECTIONS if rate else CONNECTIONS)
    # An answer takes a few milliseconds of each turn; what is left of the turn is rest.
    rest = max(1.0, 1_000 * connections / rate - 2) if rate else 0.0
    with tempfile.NamedTemporaryFile("w", suffix=".requests", encoding="utf-8") as file:
        file.write("\n".join(load.lines) + "\n")
        file.flush()
        command = ["taskset", "-c", cpu, "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "20s",
                   "-s", str(SCRIPT), f"http://127.0.0.1:{port}/", file.name, load.mode, str(start), f"{rest:.3f}"]  # fmt: skip
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measured(**json.loads(output.strip().splitlines()[-1]))
