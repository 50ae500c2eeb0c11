"""`make run` end to end: a fresh data folder, the printed lines pasted into a shell, Ctrl-C, and nothing left behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from oauth_server.settings import files
from oauth_server.settings.environment import BASE_DIR
from oauth_server.supervisor.banner import banner
from tests.support.services import free_port

pytestmark = pytest.mark.storm  # it starts real processes, once is enough
PATIENCE_SECONDS = 60


class Run:
    """One `manage.py run`, as somebody at a terminal sees it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.printed = folder.parent / f"{folder.name}.out"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=BASE_DIR,
                env=kept | {"PORT": str(self.port), "DATA_DIR": str(folder)} | environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self.printed.read_text("utf-8", "replace")

    def wait_until_it_says(self, text: str) -> str:
        until = time.monotonic() + PATIENCE_SECONDS
        while text not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < until, self.output()
            time.sleep(0.1)
        return self.output()

    def pids(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"started \(pid=(\d+)\)", self.output())]

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)

    def kill_what_is_left(self) -> None:
        for pid in (*self.pids(), self.process.pid):
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "var"


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    running = Run(folder)
    yield running
    running.kill_what_is_left()


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii")
    except FileNotFoundError:
        return False


def test_a_fresh_clone_serves_the_lines_that_it_prints_and_stops_without_a_trace(run: Run, folder: Path) -> None:
    output = run.wait_until_it_says("make example")
    for line in (
        "/portal/",
        "/admin/",
        "/.well-known/openid-configuration",
        "alice / ",
        "demo-service / ",
        "demo-app / ",
    ):
        assert line in output

    token, introspection = re.findall(r"^  (.*curl .*)$", output, re.MULTILINE)
    pasted = subprocess.run(["bash", "-c", f"{token}\n{introspection}"], capture_output=True, text=True, check=True)
    first, second = pasted.stdout.strip().splitlines()
    assert first.count(".") == 2
    assert json.loads(second)["active"] is True
    assert json.loads(second)["client_id"] == "demo-service"

    assert requests.get(f"http://127.0.0.1:{run.port}/health/ready", timeout=10).status_code == 200
    assert "Traceback" not in output
    assert "warning" not in output.lower()
    web_memory = [
        int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"))[0]) // 1024
        for pid in Path(f"/proc/{run.pids()[0]}/task/{run.pids()[0]}/children").read_text("ascii").split()
    ]
    assert all(megabytes < 150 for megabytes in web_memory), web_memory

    pids = run.pids()
    assert len(pids) == 3
    assert run.interrupt() == 0
    assert [pid for pid in pids if is_alive(pid)] == []
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of ours still linger in TIME_WAIT
        probe.bind(("127.0.0.1", run.port))
    others = [file for file in folder.rglob("*") if file.stat().st_mode & 0o077]
    assert others == []


def test_a_second_start_keeps_the_data_and_what_an_operator_deleted_stays_deleted(run: Run, folder: Path) -> None:
    remembered = (folder / "demo.json").read_bytes()
    output = run.wait_until_it_says("make example")
    assert (folder / "demo.json").read_bytes() == remembered
    assert output.count("demo-service / ") == 1
    assert run.interrupt() == 0


def test_a_command_prints_its_answer_and_nothing_beside_it(folder: Path) -> None:
    """A script reads the JSON, a person what went wrong; the fact is in the audit log."""
    done = subprocess.run(
        [sys.executable, "manage.py", "create_client", "--json", '{"grant_types": ["client_credentials"]}'],
        cwd=BASE_DIR, env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert json.loads(done.stdout)["client_secret"]
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["worker", "web"])
def test_a_process_that_ends_by_itself_stops_the_others_and_is_named(run: Run, name: str) -> None:
    run.wait_until_it_says("make example")
    names = dict(re.findall(r"(\w+) started \(pid=(\d+)\)", run.output()))
    os.kill(int(names[name]), signal.SIGKILL)
    assert run.process.wait(PATIENCE_SECONDS) != 0
    assert f"Gatehouse: {name} ended by itself, so everything was stopped." in run.output()
    assert [pid for pid in run.pids() if is_alive(pid)] == []
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{run.port}/health/live", timeout=10)


def test_a_closed_terminal_stops_everything(run: Run) -> None:
    run.wait_until_it_says("make example")
    run.process.send_signal(signal.SIGHUP)
    run.process.wait(PATIENCE_SECONDS)
    assert [pid for pid in run.pids() if is_alive(pid)] == []


def test_a_port_in_use_is_one_sentence_with_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running = Run(tmp_path / "var", PORT=str(taken.getsockname()[1]))
        assert running.process.wait(PATIENCE_SECONDS) == 1
    (line,) = running.output().strip().splitlines()
    assert "cannot be used (Address already in use)" in line
    assert "PORT=" in line
    assert not running.folder.exists()


def test_settings_that_contradict_each_other_are_one_sentence_and_leave_nothing(tmp_path: Path) -> None:
    running = Run(tmp_path / "var", JWKS_MAX_AGE_LIFETIME="86400")
    assert running.process.wait(PATIENCE_SECONDS) == 1
    (line,) = running.output().strip().splitlines()
    assert "KEY_ANNOUNCEMENT_LIFETIME must be at least twice JWKS_MAX_AGE_LIFETIME" in line
    assert not running.folder.exists()


def test_a_database_that_is_away_is_one_sentence_without_its_password_and_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    running = Run(tmp_path / "var", DATABASE_URL=f"postgres://gatehouse:hunter2@127.0.0.1:{port}/gatehouse")
    assert running.process.wait(PATIENCE_SECONDS) == 1
    (line,) = running.output().strip().splitlines()
    assert f"the database 127.0.0.1:{port}/gatehouse cannot be reached (Connection refused)" in line
    assert "hunter2" not in line
    assert not running.folder.exists()


def test_a_database_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "gatehouse.sqlite3").write_text("no database" * 100)
    running = Run(tmp_path / "var")
    assert running.process.wait(PATIENCE_SECONDS) == 1
    (line,) = running.output().strip().splitlines()
    assert "gatehouse.sqlite3 cannot be used (DATABASE_URL says which): file is not a database" in line


@pytest.mark.parametrize("process", [(), ("web",)])
def test_without_static_files_production_does_not_start(tmp_path: Path, process: tuple[str, ...]) -> None:
    """Each page would fail until they are collected."""
    for name, octets in (("secret_key", 64), ("key_encryption_key", 32)):
        files.make_secret(tmp_path / name, octets)
    (tmp_path / "none.py").write_text(
        "from oauth_server.settings.production import *\nSTATIC_ROOT = DATA_DIR / 'nothing'\n"
    )
    done = subprocess.run(
        [sys.executable, "manage.py", "run", *process],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "DJANGO_SETTINGS_MODULE": "none",
             "ISSUER": "https://login.example", "DATA_DIR": str(tmp_path), "PORT": str(free_port())},
        capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "CommandError: The static files are not collected yet. Run: manage.py collectstatic --no-input"
    )


def test_the_banner_tells_the_example_where_a_server_on_another_port_is() -> None:
    demo = {"clients": [{"client_id": "demo-service", "client_secret": "s", "grant_types": ["client_credentials"]}]}
    assert "\n  make example\n" in banner("http://127.0.0.1:8000", demo)
    assert "GATEHOUSE_ISSUER=http://127.0.0.1:8001 make example" in banner("http://127.0.0.1:8001", demo)


def test_the_banner_offers_no_accounts_and_no_mail_where_there_are_none() -> None:
    text = banner("https://login.example", {})
    assert "https://login.example/.well-known/openid-configuration" in text
    assert "Demo" not in text
    assert "Mail: " not in text
    assert "Mail: " in banner("http://127.0.0.1:8000", {}, prints_mail=True)
    assert "curl" not in text


def test_several_web_processes_add_their_numbers_up(tmp_path: Path) -> None:
    """Whichever is asked tells the sum; and they say beforehand that guesses are counted apart without Redis."""
    running = Run(tmp_path / "var", WEB_WORKERS="2")
    try:
        assert "gatehouse.W002" in running.wait_until_it_says("Gatehouse is running")
        issuer = f"http://127.0.0.1:{running.port}"
        for _ in range(12):
            requests.get(f"{issuer}/oauth/jwks", timeout=10)
        token = (tmp_path / "var" / "metrics_token").read_text("ascii").strip()
        told = {_jwks_answers(issuer, token) for _ in range(8)}
        assert told == {12.0}
        assert running.interrupt() == 0
    finally:
        running.kill_what_is_left()


def _jwks_answers(issuer: str, token: str) -> float:
    text = requests.get(f"{issuer}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=10).text
    found = re.search(r'^gatehouse_request_seconds_count\{endpoint="jwks",status="200"\} (\S+)$', text, re.MULTILINE)
    assert found, text[:2_000]
    assert "gatehouse_outbox" in text
    return float(found[1])
