"""The bare views under the same load, on the same PostgreSQL as Gatehouse, in a database of their own."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bench.app_server import granian
from bench.load import Load, basic, line
from bench.subject import Subject

NAME: Final = "a bare Django view"
# The jobs of the bench → which floors each has.
FLOORS: Final = {
    "client_credentials": ("client_credentials",),
    "introspection_jwt": ("introspect",),
    "introspection_opaque": ("introspect",),
    "userinfo": ("userinfo",),
    "refresh": ("refresh/RS256", "refresh/ES256"),
    "code": ("code/RS256", "code/ES256"),
}
_CODES: Final = 24_000
_CHAINS: Final = 64
_TOKENS: Final = 200
# Foreign keys as Gatehouse has them, and no index but those that the job needs.
_TABLES: Final = """
CREATE TABLE person (id uuid PRIMARY KEY, name text NOT NULL, is_active boolean NOT NULL);
CREATE TABLE family (id uuid PRIMARY KEY, person uuid NOT NULL REFERENCES person, scope text NOT NULL, created timestamptz NOT NULL,
  expires timestamptz NOT NULL, revoked_at timestamptz);
CREATE TABLE access_token (digest bytea PRIMARY KEY, family uuid NOT NULL REFERENCES family);
CREATE TABLE refresh_token (digest bytea PRIMARY KEY, family uuid NOT NULL REFERENCES family, created timestamptz NOT NULL,
  expires timestamptz NOT NULL, used_at timestamptz);
CREATE TABLE code (digest bytea PRIMARY KEY, person uuid NOT NULL REFERENCES person, scope text NOT NULL, challenge text NOT NULL,
  expires timestamptz NOT NULL, used_at timestamptz);
"""


def _der(key: Any) -> bytes:
    made: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


class _Tables:
    """The rows that the loads need, made when they are."""

    def __init__(self, database_url: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE floor")
        self.url = urlsplit(database_url)._replace(path="/floor").geturl()
        self._connection = psycopg.connect(self.url, autocommit=True)
        self._connection.execute(_TABLES)
        self._person = uuid.uuid4()
        self._insert("person (id, name, is_active)", [(self._person, "Olena", True)])

    def close(self) -> None:
        self._connection.close()

    def _insert(self, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
        values = ", ".join(["%s"] * len(rows[0]))
        with self._connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {into} VALUES ({values})", rows)

    def tokens(self, table: str, how_many: int) -> list[str]:
        """Tokens of that many families."""
        made = [(secrets.token_urlsafe(32), uuid.uuid4()) for _ in range(how_many)]
        self._insert("family (id, person, scope, created, expires)", [(family, self._person, "openid profile offline_access", "now", "tomorrow") for _, family in made])  # fmt: skip
        if table == "access_token":
            self._insert("access_token (digest, family)", [(_digest(token), family) for token, family in made])
        else:
            rows = [(_digest(token), family, "now", "tomorrow") for token, family in made]
            self._insert("refresh_token (digest, family, created, expires)", rows)
        return [token for token, _ in made]

    def codes(self, how_many: int) -> list[tuple[str, str]]:
        """Codes, and their verifiers."""
        made = [(secrets.token_urlsafe(32), secrets.token_urlsafe(48)) for _ in range(how_many)]
        rows = [
            (_digest(code), self._person, "openid profile offline_access", base64.urlsafe_b64encode(_digest(verifier)).decode().rstrip("="), "tomorrow")
            for code, verifier in made
        ]  # fmt: skip
        self._insert("code (digest, person, scope, challenge, expires)", rows)
        return made


@contextmanager
def floor(database_url: str, cpu: str) -> Iterator[Subject]:
    """The views, with a database of their own."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-floor-") as folder, closing(_Tables(database_url)) as tables:
        secret = secrets.token_urlsafe(32)
        files = {
            "es256.der": _der(ec.generate_private_key(ec.SECP256R1())),
            "rs256.der": _der(rsa.generate_private_key(65_537, 2_048)),
            "secret": secret.encode(),
        }
        for name, octets in files.items():
            (Path(folder) / name).write_bytes(octets)
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "DJANGO_SETTINGS_MODULE": "bench.floor.settings",
            "DATABASE_URL": tables.url,
            "FLOOR_FOLDER": folder,
        }
        with granian("bench.floor.wsgi:application", environment, cpu, "/ready") as server:
            yield Subject(NAME, server.port, server.pid, server.start_seconds, _loads(tables, basic("floor", secret)))


def _loads(tables: _Tables, header: dict[str, str]) -> dict[str, Callable[[], Load]]:
    def refresh(alg: str) -> Load:
        asked = {"grant_type": "refresh_token"}
        tokens = tables.tokens("refresh_token", _CHAINS)
        return Load("queue", [line("POST", f"/refresh/{alg}", header, {**asked, "refresh_token": f"@{token}@"}) for token in tokens])  # fmt: skip

    def code(alg: str) -> Load:
        asked = {"grant_type": "authorization_code"}
        return Load("list", [line("POST", f"/code/{alg}", header, {**asked, "code": value, "code_verifier": verifier}) for value, verifier in tables.codes(_CODES)])  # fmt: skip

    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    credentials = {"grant_type": "client_credentials", "scope": "api:read"}
    return {
        "client_credentials": lambda: Load("constant", [line("POST", "/client_credentials", header, credentials)]),
        "introspect": lambda: Load("list", [line("POST", "/introspect", header, {"token": token}) for token in tables.tokens("access_token", _TOKENS)]),
        "userinfo": lambda: Load("list", [line("GET", "/userinfo", bearer(token)) for token in tables.tokens("access_token", _TOKENS)]),
        "refresh/RS256": lambda: refresh("RS256"),
        "refresh/ES256": lambda: refresh("ES256"),
        "code/RS256": lambda: code("RS256"),
        "code/ES256": lambda: code("ES256"),
    }  # fmt: skip
