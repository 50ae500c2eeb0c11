"""Other people's programs beside a running server: started with their output kept, waited for, and stopped."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.services import answers, wait_for


@contextmanager
def program(
    command: Sequence[str],
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[None]:
    """Run ``command`` until the block ends; it listens on ``port`` of the loopback interface when the block begins.

    Raises:
        RuntimeError: it did not come up; the message ends with what it said.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for(lambda: answers(port), command[-1], process)
            yield
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{log.read_text('utf-8', 'replace')[-2_000:]}") from None
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
