"""Keep the processes together: all of them run, or none."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, Final

from honcho.manager import Manager
from honcho.printer import Printer

_PATIENCE_SECONDS: Final = 60.0


class Supervisor(Manager):  # type: ignore[misc]  # honcho is untyped
    """Honcho's manager, which speaks up once the server answers.

    Args:
        printer: where the processes' lines go.
        health: an address that answers as soon as the web process serves.
        banner: what to print then.
    """

    def __init__(self, printer: Printer, health: str, banner: str) -> None:
        super().__init__(printer)
        self._health = health
        self._banner = banner

    def _start(self) -> None:
        super()._start()
        # Only now: the processes are forked, and a fork must not happen beside a running thread.
        threading.Thread(target=self._announce, daemon=True).start()

    def _announce(self) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until and not self._terminating:
            try:
                urllib.request.urlopen(self._health, timeout=2).close()  # noqa: S310  # our own address
            except urllib.error.HTTPError:
                break  # whatever it says, it answers
            except OSError:
                time.sleep(0.05)
            else:
                break
        if not self._terminating:
            print(self._banner, flush=True)  # noqa: T201  # this is the command's output

    def stopped(self) -> str | None:
        """The name of the process that ended by itself and took the others with it."""
        ended = [
            name
            for name, process in self._processes.items()
            if process.get("returncode") not in (None, 0, -signal.SIGTERM)
        ]
        return ended[0] if ended else None


def supervise(
    commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], *, health: str, banner: str, prefix: bool
) -> int:
    """Run until Ctrl-C, a signal, or the end of any process; answers the exit code.

    Args:
        commands: name → command line.
        environment: what the processes get on top of ours.
        health: an address that answers as soon as the server serves.
        banner: what to print then.
        prefix: name the process before each of its lines (not for logs that machines read).
    """
    supervisor = Supervisor(Printer(sys.stdout, prefix=prefix), health, banner)
    for name, command in commands.items():
        supervisor.add_process(name, f"exec {shlex.join(command)}", env={**os.environ, **environment})
    # A closed terminal would otherwise end the supervisor alone and leave its processes on the port.
    signal.signal(signal.SIGHUP, _terminate)
    supervisor.loop()
    if supervisor.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM):
        return 0
    culprit = supervisor.stopped() or "a process"
    sys.stderr.write(f"Gatehouse: {culprit} ended by itself, so everything was stopped.\n")
    return supervisor.returncode or 1


def _terminate(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
