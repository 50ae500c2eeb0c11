"""A real Gatehouse: Granian with several processes, its own data folder and port, and a seeder beside it.

For the races, the raw sockets and the benchmarks. The caller speaks HTTP to the server and JSON lines to the seeder, which
is a process of its own that uses the server's modules on the same database. Nothing here knows Django.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support import services

ROOT: Final = Path(__file__).resolve().parent.parent.parent


class SeederError(RuntimeError):
    """The seeder could not do what it was asked."""


class Seeder:
    """Asks ``tests.support.seeder`` for clients, people, codes, and for what operators and people do."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.seeder"],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, do: str, **arguments: Any) -> Any:
        """Have ``do`` done; its answer.

        Raises:
            SeederError: it failed; the message is its traceback.
        """
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps({"do": do, "arguments": arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise SeederError("the seeder has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise SeederError(answer["error"])
        return answer["done"]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


@dataclass
class Server:
    """A server that answers.

    Attributes:
        port: on 127.0.0.1.
        process: Granian's main process.
        seconds_to_first_answer: from the start of the process to the first 200.
        log: what it wrote.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    seconds_to_first_answer: float = 0.0

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass
class House:
    """A data folder, a database, a seeder, and whatever servers are started on them."""

    folder: Path
    environment: dict[str, str]
    issuer: str
    seeder: Seeder
    command: list[str] = field(default_factory=list)

    @contextmanager
    def server(
        self, *, workers: int = 2, port: int | None = None, prefix: Sequence[str] = (), **changes: str
    ) -> Iterator[Server]:
        """Start one; several may stand on the same database.

        Args:
            workers: web processes.
            port: a free one when absent.
            prefix: words before the command, such as ``taskset -c 0``.
            changes: environment variables.

        Raises:
            RuntimeError: it did not answer.
        """
        port = port or services.free_port()
        command = list(self.command)
        command[command.index("--port") + 1] = str(port)
        command[command.index("--workers") + 1] = str(workers)
        log = self.folder / f"server-{port}.log"
        begun = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*prefix, *command],
                cwd=ROOT,
                env=self.environment | changes,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Server(port, process, log)
        try:
            while not server.is_ready():
                if process.poll() is not None or time.monotonic() - begun > 180:
                    raise RuntimeError(f"the server did not answer\n{server.output()[-4_000:]}")
                time.sleep(0.02)
            server.seconds_to_first_answer = time.monotonic() - begun
            yield server
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def house(database_url: str = "", settings: str = "oauth_server.settings.testing", **variables: str) -> Iterator[House]:
    """A prepared house: migrated, with signing keys.

    Args:
        database_url: where; SQLite in its own folder when empty.
        settings: the settings module.
        variables: more environment variables.
    """
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-house-"))
    port = services.free_port()
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "MIGRATED_COPIES") if name in os.environ
    }
    environment = inherited | {
        "DJANGO_SETTINGS_MODULE": settings,
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "ISSUER": f"http://127.0.0.1:{port}",
        "THROTTLES": "off",
        "LOG_LEVEL": "warning",
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        seeder = Seeder(environment)
        stack.callback(seeder.close)
        command = seeder("prepare")
        yield House(folder, environment, environment["ISSUER"], seeder, command)
