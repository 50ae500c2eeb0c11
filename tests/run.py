"""`make test`: everything that must hold before a change lands, in one run that ends with pytest's own summary.

STEPS are judged first, all of them, so that one run names every fault. Then pytest runs on SQLite with a real Redis and
RabbitMQ at hand, and what touches the database once more on PostgreSQL, in one session whose summary is the last output.
Arguments go to pytest: ``make test`` runs all, ``python -m tests.run -k refresh`` some.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support import services

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = sys.executable
BIN: Final = Path(PYTHON).parent

# What the tests need from Debian: a file that proves it is there → the package.
PACKAGES: Final = (
    ("/usr/lib/postgresql/*/bin/postgres", "postgresql"),
    ("/usr/sbin/pgbouncer", "pgbouncer"),
    ("/usr/bin/redis-server", "redis-server"),
    ("/usr/sbin/rabbitmq-server", "rabbitmq-server"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/sbin/nginx", "nginx-light"),
    ("/usr/bin/node", "nodejs"),
    ("/usr/bin/npm", "npm"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One judge.

    Args:
        name: what it judges.
        command: answers 0 when all is well.
        offline: text in its output that means it could not ask anybody, which is no fault of the code.
        unasked: the same in the output of one that answers 0 all the same.
    """

    name: str
    command: Sequence[str]
    offline: tuple[str, ...] = ()
    unasked: str = ""


def _tool(name: str, *arguments: str) -> list[str]:
    return [str(BIN / name), *arguments]


STEPS: Final = (
    Step("lint", _tool("ruff", "check", ".")),
    Step("format", _tool("ruff", "format", "--check", ".")),
    Step("types", _tool("mypy")),
    Step("import contracts", _tool("lint-imports")),
    Step("templates", _tool("djlint", "templates", "--lint", "--quiet")),
    Step("container files", _tool("hadolint", "docker/Dockerfile")),
    Step("YAML", _tool("yamllint", "--strict", "docker")),
    Step("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
    Step("static files", [PYTHON, "manage.py", "collectstatic", "--settings", "oauth_server.settings.building", "--no-input", "--clear", "-v", "0"]),
    Step(
        "known vulnerabilities",
        _tool("pip-audit", "--progress-spinner", "off", "--disable-pip", "--require-hashes", "-r", "requirements.txt"),
        offline=("ConnectionError", "Could not connect", "Max retries exceeded", "NameResolutionError", "ServiceError", "Timeout"),
        unasked="could not be audited",
    ),
)  # fmt: skip


def say(text: str) -> None:
    """One line for the person who waits."""
    print(text, flush=True)  # noqa: T201  # this is a command


def missing_packages() -> list[str]:
    """The Debian packages that are not installed."""
    return [package for pattern, package in PACKAGES if not list(Path("/").glob(pattern.lstrip("/")))]


def install(packages: Sequence[str]) -> None:
    """Install Debian packages when we may, else name them and stop.

    Raises:
        SystemExit: they are missing and we may not install them.
    """
    if not packages:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    may = shutil.which("apt-get") and (
        not sudo or subprocess.run([*sudo, "true"], check=False, capture_output=True).returncode == 0
    )
    if may:
        say(f"Installing {' '.join(packages)} …")
        environment = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive"]
        # The services would otherwise be started on their usual ports; the tests start their own.
        policy = Path("/usr/sbin/policy-rc.d")
        if not sudo and not policy.exists():
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        else:
            policy = None  # type: ignore[assignment]
        try:
            quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"]
            subprocess.run([*environment, "apt-get", *quiet, "update"], check=False, stdout=subprocess.DEVNULL)
            command = [*environment, "apt-get", *quiet, "install", "--yes", "--no-install-recommends", *packages]
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        finally:
            if policy:
                policy.unlink()
    if still := missing_packages():
        raise SystemExit(f"Gatehouse: the tests need these Debian packages: apt install {' '.join(still)}")


def judge(step: Step, environment: dict[str, str]) -> str:
    """Run one step; answers ``passed``, ``failed`` or ``could not ask``, after saying so."""
    begun = time.monotonic()
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    verdict = "passed"
    if step.unasked and step.unasked in done.stdout and not done.returncode:
        verdict = "could not ask"  # a mirror of the registry knows packages, and nothing of their weaknesses
    if done.returncode:
        verdict = "could not ask" if any(sign in done.stdout for sign in step.offline) else "failed"
    say(f"{step.name:<24} {verdict} ({time.monotonic() - begun:.1f} s)")
    if verdict == "failed":
        say(done.stdout)
    return verdict


def pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """One session; no test collected is no failure of a chosen part."""
    code = subprocess.run([PYTHON, "-m", "pytest", *arguments], cwd=ROOT, env=environment, check=False).returncode
    return 0 if code == 5 else code


def main(chosen: Sequence[str]) -> int:
    """Judge, test on PostgreSQL, test on SQLite; answers 0 when all of it passed."""
    install(missing_packages())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-run-")))
        environment = dict(os.environ) | {"DATA_DIR": str(folder / "data"), "PYTHONWARNINGS": "default"}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        # Four workers read the same test files, and every server that a test starts the same modules.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        verdicts: dict[str, str] = {}
        if not chosen:
            with ThreadPoolExecutor(2) as judges:
                judged = judges.map(lambda step: judge(step, environment), STEPS)
                verdicts = {step.name: verdict for step, verdict in zip(STEPS, judged, strict=True)}

        del environment["DATA_DIR"], environment["PYTHONWARNINGS"]
        parallel = ["--dist", "loadfile", "--no-loadscope-reorder"]
        say("\nThe tests that touch a database, on PostgreSQL:")
        # A test database may forget everything in a power cut; what is tested is what its transactions promise.
        careless = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
        url = stack.enter_context(services.postgresql(settings=careless))
        on_postgresql = pytest(
            ["-n", "2", *parallel, "-p", "tests.support.only_database", *chosen], environment | {"DATABASE_URL": url}
        )
        verdicts["the tests on PostgreSQL"] = "failed" if on_postgresql else "passed"

        say("\nAll tests, on SQLite; first among them, whether everything above passed:")
        report = folder / "verdicts.json"
        report.write_text(json.dumps(verdicts), "utf-8")
        # A third worker, since one often waits for a server to start or to come back.
        return pytest(["-n", "3", *parallel, *chosen], environment | {"VERDICTS": str(report)}) or on_postgresql


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
