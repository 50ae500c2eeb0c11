"""Other people's programs beside a running server: started with their output kept, waited for, and stopped."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.services import NotInstalled, answers, wait_for


def npm_packages(folder: Path) -> str:
    """Install what the lock file of ``folder`` pins, unless it is there; answers where ``node`` is. Nothing of theirs runs.

    Raises:
        NotInstalled: Node.js is missing.
    """
    program = shutil.which("node")
    if program is None or not shutil.which("npm"):
        raise NotInstalled("Node.js is missing: apt install nodejs npm")
    lock = folder / "package-lock.json"
    mark = folder / "node_modules" / ".package-lock.json"
    # Two workers of one test run would install into each other's hands.
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not mark.exists() or mark.stat().st_mtime < lock.stat().st_mtime:
            command = ["npm", "ci", "--no-progress", "--ignore-scripts"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
            mark.touch()
    return program


@contextmanager
def program(
    command: Sequence[str],
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    host: str = "127.0.0.1",
) -> Iterator[None]:
    """Run ``command`` until the block ends; it listens on ``port`` of ``host`` when the block begins.

    Raises:
        RuntimeError: it did not come up; the message ends with what it said.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: answers(port, host=host), command[-1], process)
            yield
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text('utf-8', 'replace')[-2_000:]}") from None
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
