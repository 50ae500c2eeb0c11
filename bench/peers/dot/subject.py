"""Stock django-oauth-toolkit under the same load, on the same app server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.app_server import granian
from bench.load import Load, basic, line
from bench.subject import Subject
from tests.support.server import ROOT

_REDIRECT = "https://app.example/callback"


def _key() -> bytes:
    return rsa.generate_private_key(65_537, 2_048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@contextmanager
def dot(database_url: str, cpu: str, hasher: str) -> Iterator[Subject]:
    """A server with clients and tokens.

    Args:
        database_url: an empty database.
        cpu: for taskset.
        hasher: ``stock`` (PBKDF2, as Django has it) or ``fast`` (MD5, which nobody should run, but it shows the rest).
    """
    with tempfile.TemporaryDirectory(prefix="gatehouse-dot-") as folder:
        key = Path(folder) / "key.pem"
        key.write_bytes(_key())
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "DJANGO_SETTINGS_MODULE": "bench.peers.dot.settings",
            "DATABASE_URL": database_url or f"sqlite:///{folder}/dot.sqlite3",
            "DOT_HASHER": hasher,
            "DOT_KEY_FILE": str(key),
        }
        codes = "50" if hasher == "stock" else "4000"
        seeded = json.loads(
            subprocess.run(
                [sys.executable, "-m", "bench.peers.dot.seed", codes],
                cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE,
            ).stdout
        )  # fmt: skip
        with granian("bench.peers.dot.wsgi:application", environment, cpu, "/o/.well-known/jwks.json") as server:
            yield Subject(
                f"django-oauth-toolkit ({hasher} hasher)", server.port, server.pid, server.start_seconds, _loads(seeded)
            )


def _loads(seeded: dict[str, Any]) -> dict[str, Callable[[], Load]]:
    app, service = basic(*seeded["app"]), basic(*seeded["service"])
    token, access = "/o/token/", seeded["access"]
    credentials = {"grant_type": "client_credentials", "scope": "read"}
    # The warm-up spends the first chains, so what is measured starts on others.
    chains = iter((seeded["refresh"][:64], seeded["refresh"][64:]))
    introspection = Load("list", [line("POST", "/o/introspect/", service, {"token": one}) for one in access])
    return {
        "client_credentials": lambda: Load("constant", [line("POST", token, service, credentials)]),
        "introspection_jwt": lambda: introspection,
        "introspection_opaque": lambda: introspection,
        "userinfo": lambda: Load("list", [line("GET", "/o/userinfo/", {"Authorization": f"Bearer {one}"}) for one in access]),
        "refresh": lambda: Load("queue", [
            line("POST", token, app, {"grant_type": "refresh_token", "refresh_token": f"@{one}@"}) for one in next(chains)
        ]),
        "code": lambda: Load("list", [
            line("POST", token, app, {"grant_type": "authorization_code", "code": code, "code_verifier": verifier,
                                      "redirect_uri": _REDIRECT})
            for code, verifier in seeded["codes"]
        ]),
        "discovery": lambda: Load("constant", [line("GET", "/o/.well-known/openid-configuration", {})]),
        "jwks": lambda: Load("constant", [line("GET", "/o/.well-known/jwks.json", {})]),
    }  # fmt: skip
