"""A service of ``tests.support.services`` that can be killed where it stands and started again as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.support import services

# How the main process of each is told from others: a word of its command line.
_WORDS: Final[dict[str, Callable[[int], str]]] = {
    "postgres": lambda port: f"port={port}",
    "redis-server": lambda port: f"127.0.0.1:{port}",
}


class Crashable:
    """A running PostgreSQL or Redis.

    Args:
        url: as the service gave it.
        program: ``postgres`` or ``redis-server``.
    """

    def __init__(self, url: str, program: str) -> None:
        port = urlsplit(url).port
        assert port
        self.port = port
        self._program = program
        self._process = self._find(_WORDS[program](port))
        place = Path(f"/proc/{self._process}")
        words = (place / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        # Redis writes what it does over its command line, and needs no more than its port to be as it was.
        self._command = words if program == "postgres" else ["redis-server", "--port", str(port), "--save", ""]
        self._folder = (place / "cwd").resolve()
        self._user = place.stat().st_uid
        self._again: subprocess.Popen[bytes] | None = None

    def _find(self, word: str) -> int:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                text = line.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").split()
                if word in text and Path(text[0]).name.startswith(self._program):
                    return int(line.parent.name)
        raise LookupError(word)

    def crash(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it at once; SIGQUIT is PostgreSQL's immediate shutdown: what is not in the journal is lost."""
        running = self._again
        os.kill(running.pid if running else self._process, how)
        if running:
            running.wait(30)
        else:
            # Nobody else waits for it, and a PostgreSQL does not start beside the corpse of its predecessor.
            with suppress(ChildProcessError):
                os.waitpid(self._process, 0)
        services.wait_for(lambda: not services.answers(self.port), f"the end of {self._program}")

    def start(self) -> None:
        """Start it as it was; back once it answers."""
        who = {"user": self._user, "group": self._user, "extra_groups": []} if os.geteuid() == 0 else {}
        for _ in range(50):  # the children of a killed PostgreSQL hold its memory for a moment
            self._again = subprocess.Popen(self._command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL, start_new_session=True, **who)  # fmt: skip
            while self._again.poll() is None:
                if self._is_ready():
                    return
                time.sleep(0.05)
            time.sleep(0.1)
        raise RuntimeError(f"{self._program} does not start again")

    def _is_ready(self) -> bool:
        if self._program != "postgres":
            return services.answers(self.port, b"PING\r\n", b"+PONG")
        ready = [str(services.postgresql_binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def close(self) -> None:
        """End what ``start`` started."""
        if self._again:
            self._again.send_signal(signal.SIGINT)
            self._again.wait(20)
