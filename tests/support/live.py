"""A running server for other people's clients: Granian in a process of its own, on its own database, made by our commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.support.server import Seeder
from tests.support.services import free_port, wait_for

ROOT: Final = Path(__file__).resolve().parents[2]
USERNAME: Final = "alice"
PASSWORD: Final = "correct horse battery staple"
EMAIL: Final = "alice@people.example"
CLAIMS: Final = {"name": "Alice Example", "given_name": "Alice", "email_verified": True}


@dataclass
class Live:
    """Where it is, and its command line, in one process for all commands."""

    issuer: str
    folder: Path
    environment: dict[str, str] = field(repr=False)
    seeder: Seeder = field(repr=False)

    def manage(self, *arguments: str, given: str = "") -> str:
        """What ``manage.py`` prints.

        Raises:
            RuntimeError: it failed.
        """
        done = self.seeder("manage", arguments=arguments, given=given)
        if done["code"]:
            raise RuntimeError(f"manage.py {arguments[0]}: {done['said'][-2_000:]}")
        printed: str = done["printed"]
        return printed

    def client(self, **metadata: Any) -> dict[str, Any]:
        """Register a client; answers as RFC 7591 does."""
        answer: dict[str, Any] = json.loads(self.manage("create_client", given=json.dumps(metadata)))
        return answer

    def clients(self, **registrations: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Register several clients at once; answers under the names that were given."""
        file = self.folder / "clients.json"
        file.write_text(json.dumps({"register": list(registrations.values())}))
        answers = json.loads(self.manage("create_client", "--clients", str(file)))["clients"]
        return dict(zip(registrations, answers, strict=True))

    def metadata(self) -> dict[str, Any]:
        """The discovery document."""
        document: dict[str, Any] = httpx2.get(f"{self.issuer}/.well-known/openid-configuration").json()
        return document

    def log(self) -> str:
        """The last that the server wrote."""
        return (self.folder / "server.log").read_text("utf-8", "replace")[-5_000:]


@contextmanager
def live_server(*, path: str = "", host: str = "127.0.0.1", **settings: str) -> Iterator[Live]:
    """Migrate, make keys and a person, start Granian, and stop it at the end.

    Args:
        path: of the issuer.
        host: of the issuer; passkeys need a name (localhost).
        settings: further environment variables.
    """
    port = free_port()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-live-")))
        kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "MIGRATED_COPIES"}}
        environment = kept | {
            "DJANGO_SETTINGS_MODULE": "oauth_server.settings.development",
            "DATA_DIR": str(folder / "data"),
            "PORT": str(port),
            "ISSUER": f"http://{host}:{port}{path}",
            "THROTTLES": "off",
            **settings,
        }
        seeder = stack.enter_context(closing(Seeder(environment)))
        seeder("migrate")
        live = Live(environment["ISSUER"], folder, environment, seeder)
        live.manage("rotate_keys")
        live.manage(
            "create_user",
            *("--username", USERNAME, "--email", EMAIL, "--password", PASSWORD, "--claims", json.dumps(CLAIMS)),
        )
        with (folder / "server.log").open("wb") as output:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "granian", "oauth_server.wsgi:application", "--interface", "wsgi"),
                    *("--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "4"),
                ],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                wait_for(lambda: _is_up(port), "The server", server)
                yield live
            except RuntimeError as error:
                raise RuntimeError(f"{error}\n{live.log()}") from None
            finally:
                server.terminate()
                with suppress(subprocess.TimeoutExpired):
                    server.wait(10)
                server.kill()
                server.wait()


def _is_up(port: int) -> bool:
    with suppress(httpx2.HTTPError):
        return httpx2.get(f"http://127.0.0.1:{port}/health/live").is_success
    return False
