"""Requests handed to the application in this process, and which part of it is at work, by a clock of processor time.

``bench.where`` runs it beside a server, with that server's environment and database; what the server takes above it is the HTTP
server's. The clock (setitimer(2), ITIMER_PROF) ticks with the processor time of this process, so that other work on the machine changes
nothing, and the function that is interrupted is the one at work; a C function counts for its caller.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections import Counter, deque
from types import FrameType
from typing import Any, Final

from bench.parts import part_of
from oauth_server.wsgi import application
from tests.support.wsgi import environ

# The kernel's own tick is 4 ms on most systems, and a shorter interval becomes that.
_INTERVAL: Final = 0.004
_WARM_UP: Final = 300
_SUCCESSOR: Final = re.compile(rb'"refresh_token": ?"([^"]+)"')


def _environ(line: str, token: str = "") -> dict[str, Any]:
    """What an app server makes of a line that ``bench.load.line`` wrote."""
    method, path, headers, body = line.split("\t")
    named = dict(header.split(": ", 1) for header in headers.split("\x1f") if header)
    said = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in named.items() if name != "Content-Type"}
    return environ(method, path, (re.sub("@.*@", token, body) if token else body).encode(), **said)


def _ask(asked: dict[str, Any]) -> bytes:
    status: list[str] = []
    content = b"".join(application(asked, lambda line, _: status.append(line)))
    if not status[0].startswith("2"):
        raise RuntimeError(f"{asked['PATH_INFO']}: {status[0]} {content[:300]!r}")
    return content


class _Requests:
    """The next one, over and over: a list from its start again, chains of refresh tokens by their successors."""

    def __init__(self, mode: str, lines: list[str]) -> None:
        self._lines = deque(lines)
        self._chains = deque(re.findall("@(.*)@", line)[0] for line in lines) if mode == "queue" else None

    def answer(self) -> None:
        self._lines.rotate(-1)
        if self._chains is None:
            _ask(_environ(self._lines[0]))
            return
        found = _SUCCESSOR.search(_ask(_environ(self._lines[0], self._chains.popleft())))
        assert found
        self._chains.append(found[1].decode())


def main() -> None:
    """Read what to ask as JSON from standard input; print microseconds a request, and how often each part was at work."""
    asked = json.load(sys.stdin)
    requests = _Requests(asked["mode"], asked["lines"])
    seen: Counter[str] = Counter()

    def tick(_: int, frame: FrameType | None) -> None:
        seen[part_of(frame)] += 1

    for _ in range(_WARM_UP):
        requests.answer()
    signal.signal(signal.SIGPROF, tick)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    begun, here = time.process_time(), time.thread_time()
    for _ in range(asked["requests"]):
        requests.answer()
    signal.setitimer(signal.ITIMER_PROF, 0)
    ours = time.thread_time() - here
    beside = time.process_time() - begun - ours
    a_request = 1e6 / asked["requests"]
    print(json.dumps({"here": ours * a_request, "beside": beside * a_request, "seen": seen}))


if __name__ == "__main__":
    main()
