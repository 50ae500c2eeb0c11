"""The example programs of docs/examples, started as their READMEs say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.services import answers, wait_for

ROOT: Final = Path(__file__).resolve().parents[2]
RELYING_PARTY: Final = ROOT / "docs" / "examples" / "relying_party" / "app.py"


@contextmanager
def running(program: Path, issuer: str, port: int, folder: Path, **environment: str) -> Iterator[str]:
    """An example; yields its address.

    Args:
        program: its file.
        issuer: the server that it asks.
        port: where it listens.
        folder: where what it says is written.
        environment: further variables.
    """
    with (folder / f"{program.parent.name}.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(program)],
            env={"PATH": os.environ["PATH"], "GATEHOUSE_ISSUER": issuer, "PORT": str(port), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: answers(port), program.name, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)
