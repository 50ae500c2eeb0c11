"""What the pages say is so: links lead somewhere, names exist, commands do what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from oauth_server.audit.events import Event
from oauth_server.settings.environment import DURATIONS, SIZES, VARIABLES
from tests.support import documents
from tests.support.documents import ROOT, pages
from tests.support.live import Live, live_server
from tests.support.services import answers, free_port, wait_for

HOW_TO = Path("docs/how-to")
# In capitals and in backquotes, but no setting of the server's: those of other programs, and what a page defines itself.
OTHERS = frozenset(
    {
        "DJANGO_SETTINGS_MODULE", "LANGUAGES", "MALLOC_ARENA_MAX", "PYTHONOPTIMIZE", "GATEHOUSE_RESOURCE_SERVER", "REST_FRAMEWORK", "TMPDIR", "SESSION_COOKIE_SECURE",
        # The tables of the server.
        "GRANTS", "CLIENT_AUTH_METHODS", "CHECKS", "REASONS", "RESPONSE_MODES", "PROFILES", "FIELDS",
        # Keys of GATEHOUSE_RESOURCE_SERVER; test_the_kit_is_told_what_it_knows looks at those.
        "AUDIENCE", "INTROSPECT", "CLIENT_ID", "CLIENT_SECRET", "CACHE_SECONDS", "ACCEPT_TYP_JWT", "CA_FILE",
        # The examples' own.
        "GATEHOUSE_ISSUER", "API_AUDIENCE",
        # django-oauth-toolkit's.
        "RESOURCE_SERVER_INTROSPECTION_URL", "PKCE_REQUIRED", "ALLOWED_REDIRECT_URI_SCHEMES", "OIDC_RSA_PRIVATE_KEY",
    }
)  # fmt: skip
WORDS = frozenset({"JWT", "GET", "POST", "UPDATE", "NUL", "JSON", "SQLITE", "SELECT", "COPY", "WHERE", "WITH"})
SETTINGS = frozenset(variable.name for variable in VARIABLES) | DURATIONS.keys() | SIZES.keys()
BRANCH = re.compile(r"`([A-Z][A-Z0-9_]{2,})(?:=[^`]*)?`")

each_page = pytest.mark.parametrize("page", pages(), ids=str)


@each_page
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in documents.links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        target, _, heading = link.partition("#")
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), f"{page} links to {link}"
        if heading:
            slugs = {
                re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
                for title in re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            }
            assert heading in slugs, f"{page} links to {link}"


@each_page
def test_every_make_target_and_command_exists(page: Path) -> None:
    text = documents.read(page)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", text, re.MULTILINE))
    assert {a or b for a, b in named} <= targets
    ours = {
        path.stem
        for folder in ("identity", "oauth_server")
        for path in (ROOT / folder / "management" / "commands").glob("*.py")
    }
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert commands <= ours | {"check", "collectstatic", "dumpdata", "loaddata", "migrate", "shell", "makemigrations"}


@each_page
def test_every_setting_named_exists(page: Path) -> None:
    named = {name for name in BRANCH.findall(documents.prose(page)) if name not in WORDS}
    assert named <= SETTINGS | OTHERS, f"{page} names {sorted(named - SETTINGS - OTHERS)}"


@each_page
def test_every_file_of_ours_named_exists(page: Path) -> None:
    roots = (ROOT, ROOT / "oauth_server", ROOT / "docs")
    for name in re.findall(r"`((?:[\w-]+/)+[\w-]+\.(?:py|md|toml|sh|yaml|html))`", documents.prose(page)):
        assert any((root / name).exists() for root in roots), f"{page} names {name}"


@each_page
def test_every_event_named_exists(page: Path) -> None:
    if page.match("docs/reference/*") or page.name == "CHANGELOG.md":
        return
    names = {event.name for event in _events(Event)}
    for name in re.findall(r"`([a-z]+:[a-z]+:[a-z_]+)`", documents.prose(page)):
        assert name in names, f"{page} names {name}"


def _events(event: type[Event]) -> Iterator[type[Event]]:
    for child in event.__subclasses__():
        yield child
        yield from _events(child)


@each_page
def test_every_python_block_is_python(page: Path) -> None:
    for block in documents.blocks(page):
        if block.language == "python":
            compile(block.text, f"{page}:{block.line}", "exec")


def test_every_page_is_on_the_map() -> None:
    linked = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in documents.links(Path("docs/index.md"))}
    missing = [
        page
        for page in pages()
        if page.parts[0] == "docs" and page.name != "index.md" and (ROOT / page).resolve() not in linked
    ]
    assert not missing


def test_the_readme_fits_on_two_screens() -> None:
    assert len(documents.read(Path("README.md")).splitlines()) <= 70


def test_pictures_are_small() -> None:
    shown = re.findall(r'src="(docs/screenshots/[^"]+)"', documents.read(Path("README.md")))
    assert len(shown) == 3
    for picture in shown:
        assert (ROOT / picture).stat().st_size < 120_000, picture


@pytest.mark.skipif(not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), reason="nginx is not installed")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    """The one that the page on nginx shows."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=id.example.com", "-days", "1",
         "-keyout", str(tmp_path / "id.example.com.key"), "-out", str(tmp_path / "id.example.com.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    documents.files(HOW_TO / "behind-nginx.md", tmp_path, {"/etc/ssl/": f"{tmp_path}/"})
    paths = "".join(f"{name}_temp_path {tmp_path};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {paths} include {tmp_path}/gatehouse.conf; }}"
    )
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
    done = subprocess.run(
        [program, "-t", "-e", str(tmp_path / "error.log"), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server() as server:
        demo = json.loads(server.manage("seed_demo", "--json"))
        server.environment["DEMO_SECRET"] = next(
            client["client_secret"] for client in demo["clients"] if client["client_id"] == "demo-service"
        )
        yield server


def places(live: Live) -> dict[str, str]:
    """What the pages call things → what they are called in this test."""
    return {
        "http://127.0.0.1:8000": live.issuer,
        "var/": f"{live.environment['DATA_DIR']}/",
        "gth_cs_…": live.environment["DEMO_SECRET"],
        ".venv/bin/python -c": f"{sys.executable} -c",
    }


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/operate.md", "docs/how-to/rotate-keys.md"])
def test_its_commands_do_what_it_says(live: Live, page: str, tmp_path: Path) -> None:
    documents.run(Path(page), tmp_path, live.environment, places(live))


def test_the_suite_finds_what_the_page_on_certification_tells_it(live: Live, tmp_path: Path) -> None:
    """Its person and clients are made as it says; the steps of its browser name what our pages have."""
    page = HOW_TO / "certify.md"
    documents.files(page, tmp_path, {})
    documents.run(page, tmp_path, live.environment, places(live))
    registered = json.loads((tmp_path / "clients.json").read_text())["register"]
    plan = json.loads((tmp_path / "plan.json").read_text())
    secrets = {client["client_id"]: client["client_secret"] for client in registered}
    assert {plan[name]["client_id"]: plan[name]["client_secret"] for name in ("client", "client2", "client_secret_post")} == secrets  # fmt: skip
    shown = "".join(path.read_text("utf-8") for path in (ROOT / "templates").rglob("*.html"))
    shown += httpx2.get(f"{live.issuer}/account/login/").text
    commands = [command for steps in plan["browser"] for task in steps["tasks"] for command in task["commands"]]
    for how, name in (command[1:3] for command in commands if command[0] in {"text", "click"}):
        assert f'{how}="{name}"' in shown, name


PROJECT = """
import sys, django
from django.conf import settings
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
exec(open("settings.py").read())
if "introspection" in sys.argv: exec(open("settings_introspection.py").read())
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="x" * 60, USE_TZ=True, INSTALLED_APPS=INSTALLED_APPS,
    REST_FRAMEWORK=REST_FRAMEWORK, GATEHOUSE_RESOURCE_SERVER=GATEHOUSE_RESOURCE_SERVER,
)
django.setup()
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application
from django.urls import path
import people, plain, views
urlpatterns = [path("notes", views.Notes.as_view()), path("statistics", views.Statistics.as_view()), path("plain", plain.notes)]
run("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), threading=True)
"""


@contextmanager
def project(folder: Path, *arguments: str) -> Iterator[str]:
    """A Django project with the files of the page; its address."""
    port = free_port()
    (folder / "project.py").write_text(PROJECT)
    with (folder / "project.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "project.py", str(port), *arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(lambda: answers(port), (folder / "project.log").read_text() or "project.py", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def test_an_api_is_protected_as_the_page_says(live: Live, tmp_path: Path) -> None:
    """RFC 6750 §3, RFC 9068 §4, RFC 7662 §2: offline and by introspection, each answer of the page's table."""
    page = HOW_TO / "protect-a-drf-api.md"
    documents.files(page, tmp_path, places(live))
    with project(tmp_path) as offline:
        documents.run(page, tmp_path, live.environment, places(live) | {"http://127.0.0.1:9000": offline})
        with project(tmp_path, "introspection") as online:
            answer = httpx2.post(
                f"{live.issuer}/oauth/token",
                data={"grant_type": "client_credentials", "scope": "notes:read"},
                auth=("notes-robot", "a-secret-that-you-chose-for-this-trial"),
            )
            token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            for api in (offline, online):
                assert httpx2.get(f"{api}/notes").headers["WWW-Authenticate"] == 'Bearer realm="api"'
                refused = httpx2.get(f"{api}/notes", headers={"Authorization": "Bearer nonsense"})
                assert (refused.status_code, "invalid_token" in refused.headers["WWW-Authenticate"]) == (401, True)
                assert httpx2.post(f"{api}/notes", headers=token).status_code == 403
                assert httpx2.get(f"{api}/notes", headers=token).json()["owner"] == "notes-robot"
                assert httpx2.get(f"{api}/plain", headers=token).json()["owner"] == "notes-robot"
                assert httpx2.get(f"{api}/statistics", headers=token).json()["scope"] == ["notes:read"]
            live.manage("revoke", "--client", "notes-robot")
            # The server looks for what others changed once a second.
            wait_for(lambda: httpx2.get(f"{online}/notes", headers=token).status_code == 401, "The revocation")


OLD_PROJECT = """
import django
from django.conf import settings
settings.configure(
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="x",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "old.sqlite3"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={"SCOPES": {"openid": "Sign in", "notes:read": "Read notes"}},
)
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from oauth2_provider.models import get_application_model
Application = get_application_model()
web = {"client_type": "confidential", "authorization_grant_type": "authorization-code", "redirect_uris": "https://web.example/cb"}
Application.objects.create(client_id="old-web", client_secret="kept-in-the-clear", hash_client_secret=False, name="Web", **web)
Application.objects.create(client_id="old-hashed", name="Hashed", **web)
Application.objects.create(client_id="old-page", name="Page", **web | {"client_type": "public"})
Application.objects.create(client_id="old-robot", client_type="confidential", authorization_grant_type="client-credentials")
Application.objects.create(client_id="old-implicit", **web | {"authorization_grant_type": "implicit"})
exec(open("export.py").read())
"""


def test_clients_of_django_oauth_toolkit_move_as_the_page_says(live: Live, tmp_path: Path) -> None:
    """Those that can: with their secret where it was kept in the clear, with a new one otherwise."""
    page = HOW_TO / "move-from-django-oauth-toolkit.md"
    documents.files(page, tmp_path, {})
    (tmp_path / "old.py").write_text(OLD_PROJECT)
    subprocess.run([sys.executable, "old.py"], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, check=True)
    documents.run(page, tmp_path, live.environment, places(live))
    registered = {
        client["client_id"]: client for client in json.loads((tmp_path / "registered.json").read_text())["clients"]
    }
    assert set(registered) == {"old-web", "old-hashed", "old-page", "old-robot"}
    assert registered["old-web"]["client_secret"] == "kept-in-the-clear"
    assert registered["old-hashed"]["client_secret"].startswith("gth_cs_")
    assert "client_secret" not in registered["old-page"]
    robot = registered["old-robot"]
    answer = httpx2.post(
        f"{live.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(robot["client_id"], robot["client_secret"]),
    )
    assert answer.json()["scope"] == "notes:read"
