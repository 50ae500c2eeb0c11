"""The containers without containers: the same entrypoint, secrets and nginx file that docker/compose.yaml uses, as processes.

PostgreSQL, Redis and RabbitMQ are real; the settings are those of production.
"""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import yaml

from oauth_server.settings.environment import BASE_DIR, DURATIONS, SIZES, VARIABLES
from tests.support.services import answers, free_port, wait_for

pytestmark = pytest.mark.storm  # it starts real processes, once is enough
HOST = "login.example"
ENTRYPOINT = str(BASE_DIR / "docker" / "entrypoint.sh")
COMPOSE = yaml.safe_load((BASE_DIR / "docker" / "compose.yaml").read_text("utf-8"))


@contextmanager
def process(command: list[str], log: Path, **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as out:
        started = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **options)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(20)
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


class Containers:
    """What `docker compose up` starts, less Docker."""

    def __init__(self, folder: Path, stack: ExitStack, urls: dict[str, str]) -> None:
        self.folder, self.stack = folder, stack
        self.web_port, self.http_port, self.https_port = free_port(), free_port(), free_port()
        subprocess.run(
            ["sh", "docker/make-secrets.sh", HOST, str(folder)], cwd=BASE_DIR, check=True, capture_output=True
        )
        secrets = folder / "secrets"
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ISSUER": f"https://{HOST}",
            "DATA_DIR": str(folder / "data"),
            "PORT": str(self.web_port),
            "TRUSTED_PROXIES": "127.0.0.1",
            "LOG_FORMAT": "json",
            "SECRET_KEY_FILE": str(secrets / "secret_key"),
            "KEY_ENCRYPTION_KEY_FILE": str(secrets / "key_encryption_key"),
            "METRICS_TOKEN_FILE": str(secrets / "metrics_token"),
            **urls,
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [ENTRYPOINT, *arguments], env=self.environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, role: str) -> "subprocess.Popen[bytes]":
        return self.stack.enter_context(process([ENTRYPOINT, role], self.folder / f"{role}.log", env=self.environment))

    def log(self, role: str) -> str:
        return (self.folder / f"{role}.log").read_text("utf-8", "replace")

    def start_nginx(self, program: str) -> None:
        """Render the template as the nginx image does, and serve it without privileges."""
        text = (BASE_DIR / "docker" / "nginx" / "gatehouse.conf.template").read_text("utf-8")
        values = {
            "GATEHOUSE_HOST": HOST,
            "GATEHOUSE_WEB": f"127.0.0.1:{self.web_port}",
            "NGINX_HTTP_PORT": f"127.0.0.1:{self.http_port}",
            "NGINX_HTTPS_PORT": f"127.0.0.1:{self.https_port}",
            "NGINX_TLS": str(self.folder / "secrets"),
        }
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file = self.folder / "nginx.conf"
        file.write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log stderr warn; events {{}}\n"
            f"http {{ access_log off; {temporary}\n{text} }}\n"
        )
        nginx = self.stack.enter_context(
            process([program, "-p", str(self.folder), "-c", str(file)], self.folder / "nginx.log")
        )
        wait_for(lambda: answers(self.https_port), "nginx", nginx)

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(
            f"https://127.0.0.1:{self.https_port}{path}",
            headers={"Host": HOST, **headers},
            verify=False,  # noqa: S501  # self-signed, and requests cannot be told the name apart from the address
            timeout=10,
            allow_redirects=False,
        )


@pytest.fixture(scope="module")
def containers(
    tmp_path_factory: pytest.TempPathFactory, postgresql_url: str, redis_url: str, rabbitmq_url: str
) -> Iterator[Containers]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not nginx:
        pytest.skip("nginx is missing: apt install nginx-light")
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE containers")
    build = [sys.executable, "manage.py", "collectstatic", "--settings", "oauth_server.settings.building", "--no-input"]
    subprocess.run(build, cwd=BASE_DIR, check=True, capture_output=True)
    with ExitStack() as stack:
        urls = {
            "DATABASE_URL": postgresql_url.removesuffix("/postgres") + "/containers",
            "CACHE_URL": redis_url,
            "BROKER_URL": rabbitmq_url,
        }
        made = Containers(tmp_path_factory.mktemp("containers"), stack, urls)
        made.run("prepare")
        web = made.start("web")
        wait_for(lambda: answers(made.web_port), "web", web)
        made.start("worker")
        made.start("beat")
        made.start_nginx(nginx)
        yield made


pytestmark = [pytestmark, pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")]


def test_prepare_twice_is_harmless_and_makes_no_demo(containers: Containers) -> None:
    containers.run("prepare")
    assert not (containers.folder / "data" / "demo.json").exists()


def test_the_server_answers_through_tls_as_its_issuer(containers: Containers) -> None:
    discovery = containers.get("/.well-known/openid-configuration")
    assert discovery.json()["issuer"] == f"https://{HOST}"
    assert containers.get("/health/ready").status_code == 200
    assert containers.get("/oauth/jwks").json()["keys"]


def test_pages_carry_every_defence_and_hashed_static_files(containers: Containers) -> None:
    page = containers.get("/account/login/")
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"  # it may stand in a popup
    cookies = page.headers["Set-Cookie"]
    assert cookies.startswith("__Host-")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookies
    (style,) = re.findall(r'href="(/static/css/gatehouse\.[0-9a-f]+\.css)"', page.text)
    assert "immutable" in containers.get(style).headers["Cache-Control"]


def test_a_stranger_host_is_refused(containers: Containers) -> None:
    page = requests.get(
        f"http://127.0.0.1:{containers.web_port}/account/login/", headers={"Host": "evil.example"}, timeout=10
    )
    assert page.status_code == 400


def test_the_health_check_of_the_image_passes(containers: Containers) -> None:
    dockerfile = (BASE_DIR / "docker" / "Dockerfile").read_text("utf-8")
    command = re.findall(r'CMD \["python", "-c", "(.*)"\]', dockerfile)[0].replace('\\"', '"')
    subprocess.run([sys.executable, "-c", command], env=containers.environment, check=True)


def test_plain_http_is_sent_to_the_issuer_whatever_the_host(containers: Containers) -> None:
    answer = requests.get(
        f"http://127.0.0.1:{containers.http_port}/account/?a=1",
        headers={"Host": "evil.example"},
        timeout=10,
        allow_redirects=False,
    )
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{HOST}/account/?a=1"


def test_numbers_stay_inside(containers: Containers) -> None:
    assert containers.get("/metrics").status_code == 404
    token = (containers.folder / "secrets" / "metrics_token").read_text("ascii").strip()
    inside = requests.get(
        f"http://127.0.0.1:{containers.web_port}/metrics",
        headers={"Authorization": f"Bearer {token}", "Host": HOST},
        timeout=10,
    )
    assert inside.status_code == 200


def test_what_a_client_says_about_itself_is_replaced_whatever_the_spelling(containers: Containers) -> None:
    containers.get(
        "/oauth/introspect",
        **{
            "X-Forwarded-For": "6.6.6.6",
            "X_Forwarded_For": "6.6.6.6",
            "Forwarded": "for=6.6.6.6",
            "X-Real-IP": "6.6.6.6",
        },
    )
    requests.post(
        f"https://127.0.0.1:{containers.https_port}/oauth/token",
        data={"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "canary-canary-canary"},
        headers={"Host": HOST, "X-Forwarded-For": "6.6.6.6", "X_Forwarded_For": "6.6.6.6"},
        verify=False,  # noqa: S501
        timeout=10,
    )
    until = time.monotonic() + 60
    while "client:authentication:refused" not in containers.log("web") and time.monotonic() < until:
        time.sleep(0.1)
    log = containers.log("web")
    assert '"ip_address": "127.0.0.1"' in log
    assert "6.6.6.6" not in log
    assert "canary-canary-canary" not in log


def test_old_tls_is_refused(containers: Containers) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", containers.https_port), timeout=5) as plain,
        context.wrap_socket(plain) as tls,
    ):
        assert tls.version() == "TLSv1.3"
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", containers.https_port), timeout=5) as plain,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        context.wrap_socket(plain)


def test_a_task_travels_through_rabbitmq_to_the_worker(containers: Containers) -> None:
    with psycopg.connect(containers.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "INSERT INTO oauth_server_revokedtoken (jti, expires) VALUES ('past', now() - interval '1 day')"
        )
        code = "from oauth_server import celery; celery.app.send_task('oauth_server.tokens.tasks.clean_up')"
        containers.run("shell", "-v", "0", "-c", code)
        wait_for(
            lambda: connection.execute("SELECT count(*) FROM oauth_server_revokedtoken").fetchone() == (0,),
            "the worker",
        )


def test_any_other_word_is_a_command(containers: Containers) -> None:
    assert '"authorization_codes": 0' in containers.run("clean_up", "--json")


def test_compose_names_only_variables_that_exist_and_secrets_that_are_made(containers: Containers) -> None:
    known = {variable.name for variable in VARIABLES} | DURATIONS.keys() | SIZES.keys()
    for name in ("prepare", "web", "worker", "beat"):
        service = COMPOSE["services"][name]
        assert service["environment"].keys() <= known
        assert service["read_only"]
        assert service["command"] == [name]
    for secret in COMPOSE["secrets"].values():
        assert (containers.folder / secret["file"]).is_file()
    wanted = set(re.findall(r"\$\{(\w+)", (BASE_DIR / "docker" / "compose.yaml").read_text("utf-8")))
    made = set(re.findall(r"^(\w+)=", (containers.folder / ".env").read_text("utf-8"), re.MULTILINE))
    assert wanted == made
    template = (BASE_DIR / "docker" / "nginx" / "gatehouse.conf.template").read_text("utf-8")
    assert set(re.findall(r"\$\{(\w+)\}", template)) == COMPOSE["services"]["nginx"]["environment"].keys()


def test_making_the_secrets_again_keeps_them(containers: Containers) -> None:
    before = {file: file.read_bytes() for file in (containers.folder / "secrets").iterdir()}
    command = ["sh", "docker/make-secrets.sh", HOST, str(containers.folder)]
    subprocess.run(command, cwd=BASE_DIR, check=True, capture_output=True)
    assert {file: file.read_bytes() for file in (containers.folder / "secrets").iterdir()} == before
