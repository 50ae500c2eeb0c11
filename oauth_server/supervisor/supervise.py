"""Keep the processes together: all of them run, or none. No Django here: it would stay in memory for nothing."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NoReturn

from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Popen, Process

_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    Args:
        commands: name → command line.
        environment: what the processes get on top of ours.
        health: an address that answers as soon as the web process serves.
        banner: what to print then.
        prefix: name the process before each of its lines (not for logs that machines read).
    """

    commands: Mapping[str, Sequence[str]]
    environment: Mapping[str, str]
    health: str
    banner: str
    prefix: bool


class Leader(Popen):
    """A process that takes its own children along.

    Workers that outlive a web process which was killed would keep the port, and the pipe whose end says that it is gone.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        threading.Thread(target=self._take_along, daemon=True).start()

    def _take_along(self) -> None:
        self.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


class Member(Process):
    """Honcho's process, which is a ``Leader``."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._child_ctor = Leader


class Supervisor(Manager):
    """Honcho's manager, which speaks up once the server answers.

    Args:
        plan: what to run.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(Printer(sys.stdout, prefix=plan.prefix))
        self._plan = plan
        self._process_ctor = Member
        for name, command in plan.commands.items():
            self.add_process(name, f"exec {shlex.join(command)}", env={**os.environ, **plan.environment})

    def _start(self) -> None:
        super()._start()
        # Only now: the processes are forked, and a fork must not happen beside a running thread.
        threading.Thread(target=self._announce, daemon=True).start()

    def _announce(self) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until and not self._terminating:
            try:
                urllib.request.urlopen(self._plan.health, timeout=2).close()  # noqa: S310  # our own address
            except urllib.error.HTTPError:
                break  # whatever it says, it answers
            except OSError:
                time.sleep(0.05)
            else:
                break
        if not self._terminating:
            print(self._plan.banner, flush=True)  # noqa: T201  # this is the command's output

    def culprit(self) -> str:
        """The name of the process that ended by itself and took the others with it."""
        ends = {name: process.get("returncode") for name, process in self._processes.items()}
        return next((name for name, code in ends.items() if code not in (None, 0, -signal.SIGTERM)), "a process")


def _terminate(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def supervise(plan: Plan) -> int:
    """Run until Ctrl-C, a signal, or the end of any process; answers the exit code."""
    supervisor = Supervisor(plan)
    # A closed terminal would otherwise end the supervisor alone and leave its processes on the port.
    signal.signal(signal.SIGHUP, _terminate)
    supervisor.loop()
    if supervisor.returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM):
        return 0
    sys.stderr.write(f"Gatehouse: {supervisor.culprit()} ended by itself, so everything was stopped.\n")
    return supervisor.returncode or 1


def become(plan: Plan) -> NoReturn:
    """Replace this process by the supervisor of ``plan``."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        json.dump(asdict(plan), pipe)
    os.set_inheritable(reading, True)  # noqa: FBT003  # positional only
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "oauth_server.supervisor", str(reading)])  # noqa: S606  # ourselves
