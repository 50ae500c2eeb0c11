"""node-oidc-provider under the same load: in memory, so nothing that it answers outlives it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench import processes
from bench.load import Load, basic, line
from bench.subject import Subject
from tests.support import services
from tests.support.programs import npm_packages
from tests.support.server import stop

NAME: Final = "node-oidc-provider (in memory)"
_HERE: Final = Path(__file__).parent
_CODES: Final = 40_000


@contextmanager
def node(database_url: str, cpu: str) -> Iterator[Subject]:  # noqa: ARG001  # it has no database
    """A server with clients and tokens; its packages are installed first, as its lock file pins them.

    Raises:
        NotInstalled: Node.js is missing.
    """
    npm_packages(_HERE)
    port = services.free_port()
    begun = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", cpu, "node", "server.mjs", str(port), str(_CODES)],
        cwd=_HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout
        seeded = json.loads(process.stdout.readline())
        services.wait_for(lambda: processes.answers(port, "/jwks"), "node-oidc-provider", process)
        yield Subject(NAME, port, process.pid, time.monotonic() - begun, _loads(seeded))
    finally:
        stop(process)


def _loads(seeded: dict[str, Any]) -> dict[str, Callable[[], Load]]:
    app, service = basic(*seeded["app"]), basic(*seeded["service"])
    credentials = {"grant_type": "client_credentials", "scope": "read"}
    # The warm-up spends the first chains, so what is measured starts on others.
    chains = iter((seeded["refresh"][:64], seeded["refresh"][64:]))
    introspection = Load(
        "list", [line("POST", "/token/introspection", service, {"token": one}) for one in seeded["access"]]
    )
    return {
        "client_credentials": lambda: Load("constant", [line("POST", "/token", service, credentials)]),
        "introspection_jwt": lambda: introspection,
        "introspection_opaque": lambda: introspection,
        "userinfo": lambda: Load("list", [line("GET", "/me", {"Authorization": f"Bearer {one}"}) for one in seeded["access"]]),
        "refresh": lambda: Load("queue", [
            line("POST", "/token", app, {"grant_type": "refresh_token", "refresh_token": f"@{one}@"}) for one in next(chains)
        ]),
        "code": lambda: Load("list", [
            line("POST", "/token", app, {"grant_type": "authorization_code", "code": code, "code_verifier": verifier,
                                         "redirect_uri": "https://app.example/callback"})
            for code, verifier in seeded["codes"]
        ]),
        "discovery": lambda: Load("constant", [line("GET", "/.well-known/openid-configuration", {})]),
        "jwks": lambda: Load("constant", [line("GET", "/jwks", {})]),
    }  # fmt: skip
