"""Private PostgreSQL, PgBouncer, Redis and RabbitMQ from Debian's packages: own port, own folder, gone at the end.

For the tests, the races and the benchmarks alike. Nothing here knows Django. As root the services run as an unprivileged
user, because PostgreSQL refuses root. Use it as a program, too: ``python -m tests.support.services postgresql -- command``
runs a command with DATABASE_URL set.
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_PATIENCE_SECONDS: Final = 180.0


class NotInstalled(RuntimeError):
    """The Debian package is missing; the message names it."""


def free_port() -> int:
    """A port of the loopback interface that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(ready: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until ``ready`` says so.

    Raises:
        RuntimeError: it took too long, or ``process`` ended first.
    """
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if ready():
            return
        if process and process.poll() is not None:
            raise RuntimeError(f"{what} ended at once (exit code {process.returncode})")
        time.sleep(0.1)
    raise RuntimeError(f"{what} did not answer within {_PATIENCE_SECONDS:.0f} seconds")


def answers(port: int, question: bytes = b"", answer: bytes = b"", host: str = "127.0.0.1") -> bool:
    """Whether something listens on the port and, when asked, says what it should."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1) as connection:
        if question:
            connection.sendall(question)
            return connection.recv(64).startswith(answer)
        return True
    return False


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to become when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _as_user(command: Sequence[str]) -> list[str]:
    user = _unprivileged()
    if user is None:
        return list(command)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command]


@contextmanager
def _folder(kind: str, base: Path | None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"gatehouse-{kind}-", dir=base))
    user = _unprivileged()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
        folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_program(name: str, package: str, *places: str) -> str:
    """Where a program is.

    Raises:
        NotInstalled: it is missing; the message names the Debian package.
    """
    found = shutil.which(
        name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/rabbitmq/bin", *places])
    )
    if not found:
        raise NotInstalled(f"{name} is missing: apt install {package}")
    return found


@contextmanager
def _running(
    command: Sequence[str],
    folder: Path,
    environment: dict[str, str] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            _as_user(command),
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LANG": "C.UTF-8"} | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{_output(folder)}") from None
        finally:
            process.send_signal(stop)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _output(folder: Path) -> str:
    with suppress(OSError):
        return (folder / "output.log").read_text("utf-8", "replace")[-2_000:]
    return ""


def postgresql_binaries() -> Path:
    """Where Debian keeps initdb and postgres: newest version first.

    Raises:
        NotInstalled: there is none.
    """
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3].partition(".")[0])
    )
    if versions:
        return versions[-1].parent
    return Path(find_program("postgres", "postgresql")).resolve().parent


@contextmanager
def postgresql(*, base: Path | None = None, settings: Sequence[str] = (), cpus: str = "") -> Iterator[str]:
    """A cluster of its own; gives the DATABASE_URL.

    Args:
        base: where its folder is made; the system's temporary folder when absent.
        settings: ``name=value`` for postgres; commits stay durable unless you say otherwise.
        cpus: a CPU list for taskset, so that a benchmark can pin it.
    """
    binaries, port = postgresql_binaries(), free_port()
    with _folder("postgresql", base) as folder:
        data = folder / "data"
        subprocess.run(
            _as_user(
                [
                    str(binaries / "initdb"),
                    "-D",
                    str(data),
                    "-U",
                    "gatehouse",
                    "-A",
                    "trust",
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                    "-N",
                ]
            ),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        with _postgres(folder, port, settings, cpus) as url:
            yield url


@contextmanager
def _postgres(folder: Path, port: int, settings: Sequence[str] = (), cpus: str = "") -> Iterator[str]:
    """PostgreSQL on the cluster in ``folder/data``."""
    binaries = postgresql_binaries()
    options = [
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
        "max_connections=200",
        *settings,
    ]
    command = [
        str(binaries / "postgres"),
        "-D",
        str(folder / "data"),
        *(part for option in options for part in ("-c", option)),
    ]
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
    with _running([*(["taskset", "-c", cpus] if cpus else []), *command], folder, stop=signal.SIGINT) as process:
        ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL", process)
        yield f"postgres://gatehouse@127.0.0.1:{port}/postgres"


@contextmanager
def standby(primary: str, *, base: Path | None = None) -> Iterator[str]:
    """A hot standby that streams from a primary; gives its DATABASE_URL."""
    binaries, port, where = postgresql_binaries(), free_port(), urlsplit(primary)
    with _folder("standby", base) as folder:
        copy = [str(binaries / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(where.port), "-U", "gatehouse"]
        copy += ["-D", str(folder / "data"), "-R", "-X", "stream", "-c", "fast"]
        subprocess.run(_as_user(copy), check=True, stdout=subprocess.DEVNULL, cwd=folder)
        with _postgres(folder, port) as url:
            yield url


@contextmanager
def pgbouncer(database_url: str, *, connections: int = 2, base: Path | None = None) -> Iterator[str]:
    """A PgBouncer in transaction mode before a database; gives the DATABASE_URL that goes through it.

    Args:
        database_url: of ``postgresql``.
        connections: how many it opens to the database; fewer than its clients have, so that they must share.
        base: where its folder is made; the system's temporary folder when absent.
    """
    program, port, where = find_program("pgbouncer", "pgbouncer"), free_port(), urlsplit(database_url)
    with _folder("pgbouncer", base) as folder:
        (folder / "users.txt").write_text('"gatehouse" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={where.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {folder}/users.txt\n"
            f"pool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 200\nadmin_users = gatehouse\n"
        )
        for file in folder.iterdir():
            file.chmod(0o644)
        with _running([program, str(folder / "pgbouncer.ini")], folder) as process:
            wait_for(lambda: answers(port), "PgBouncer", process)
            yield where._replace(netloc=f"gatehouse@127.0.0.1:{port}").geturl()


@contextmanager
def redis(*, base: Path | None = None) -> Iterator[str]:
    """A Redis without persistence; gives its URL."""
    program, port = find_program("redis-server", "redis-server"), free_port()
    with _folder("redis", base) as folder:
        command = [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
        ]
        with _running(command, folder) as process:
            wait_for(lambda: answers(port, b"PING\r\n", b"+PONG"), "Redis", process)
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def rabbitmq(*, base: Path | None = None) -> Iterator[str]:
    """A RabbitMQ node of its own; gives its URL."""
    program, port, distribution = find_program("rabbitmq-server", "rabbitmq-server"), free_port(), free_port()
    # Debian's wrapper insists on becoming the user rabbitmq; the script behind it does not.
    program = next((str(script) for script in Path("/usr/lib/rabbitmq").glob("lib/*/sbin/rabbitmq-server")), program)
    with _folder("rabbitmq", base) as folder:
        (folder / "enabled_plugins").write_text("[].\n")
        (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users = none\n")
        for file in folder.iterdir():
            file.chmod(0o644)
        environment = {
            "RABBITMQ_NODENAME": f"gatehouse{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
            "ERL_EPMD_PORT": str(free_port()),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        try:
            with _running([program], folder, environment) as process:
                wait_for(lambda: answers(port, b"AMQP\x00\x00\x09\x01", b"\x01"), "RabbitMQ", process)
                yield f"amqp://guest:guest@127.0.0.1:{port}//"
        finally:
            _stop_epmd(environment["ERL_EPMD_PORT"])  # it refuses to go before its node has


def _stop_epmd(port: str) -> None:
    """Erlang's port mapper outlives its node; ours has a port of its own, so this stops no other."""
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ["epmd", "-port", port, "-kill"],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
        )


# service → how to start it, and the variable that tells Gatehouse where it is.
SERVICES: Final = {
    "postgresql": (postgresql, "DATABASE_URL"),
    "redis": (redis, "CACHE_URL"),
    "rabbitmq": (rabbitmq, "BROKER_URL"),
}


def main() -> int:
    """Run a command beside services: ``services.py postgresql redis -- command``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("services", nargs="+", choices=SERVICES)
    arguments, command = sys.argv[1:], []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, command = arguments[:cut], arguments[cut + 1 :]
    with ExitStack() as stack:
        environment = dict(os.environ)
        for name in parser.parse_args(arguments).services:
            start, variable = SERVICES[name]
            environment[variable] = stack.enter_context(start())
            sys.stderr.write(f"{variable}={environment[variable]}\n")
        return subprocess.run(command or [os.environ.get("SHELL", "/bin/sh")], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
