"""Gatehouse under load: one web process, durable commits, nothing switched off but the throttles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import sign_in
from bench.load import Load, basic, line
from bench.subject import Subject
from tests.support.server import house

NAME = "Gatehouse"
_PEOPLE = 40
_SCOPE = "openid profile offline_access"


@contextmanager
def gatehouse(database_url: str, cpu: str) -> Iterator[Subject]:
    """A server with clients, people and tokens."""
    variables = {"AUTHORIZATION_CODE_LIFETIME": "3600", "ACCESS_TOKEN_LIFETIME": "3600"}
    settings = "oauth_server.settings.development"
    with house(database_url, settings, **variables) as home:
        clients = {
            "jwt": home.seeder("client"),
            "opaque": home.seeder("client", access_token_format="opaque"),
            "service": home.seeder("client", grant_types=["client_credentials"], response_types=[], scope="api:read api:write"),
            "api": home.seeder("client", grant_types=["client_credentials"], response_types=[], introspects=["*"]),
        }  # fmt: skip
        with home.server(workers=1, prefix=("taskset", "-c", cpu)) as server:

            def seed(do: str, client: str, n: int) -> list[dict[str, Any]]:
                who = {"user": person["user"], "sid": person["sid"]}
                made: list[dict[str, Any]] = home.seeder(
                    do, client_id=clients[client]["client_id"], n=n, scope=_SCOPE, **who
                )
                return made

            def header(client: str) -> dict[str, str]:
                return basic(clients[client]["client_id"], clients[client]["client_secret"])

            def introspection(kind: str) -> Load:
                tokens = [one["access_token"] for one in seed("tokens", kind, 200)]
                return Load(
                    "list", [line("POST", "/oauth/introspect", header("api"), {"token": token}) for token in tokens]
                )

            def userinfo() -> Load:
                tokens = [one["access_token"] for one in seed("tokens", "jwt", 200)]
                return Load(
                    "list", [line("GET", "/oauth/userinfo", {"Authorization": f"Bearer {token}"}) for token in tokens]
                )

            def refresh() -> Load:
                form = {"grant_type": "refresh_token"}
                tokens = [one["refresh_token"] for one in seed("tokens", "jwt", 64)]
                return Load(
                    "queue",
                    [
                        line("POST", "/oauth/token", header("jwt"), {**form, "refresh_token": f"@{token}@"})
                        for token in tokens
                    ],
                )

            def code() -> Load:
                form = {"grant_type": "authorization_code"}
                made = seed("codes", "jwt", 16_000)
                return Load("list", [line("POST", "/oauth/token", header("jwt"), {**form, "code": one["code"], "code_verifier": one["code_verifier"]}) for one in made])  # fmt: skip

            person = home.seeder("person")
            people: list[str] = []

            def usernames() -> list[str]:
                if not people:
                    people.extend(home.seeder("person", password=sign_in.PASSWORD)["username"] for _ in range(_PEOPLE))
                return people

            credentials = {"grant_type": "client_credentials", "scope": "api:read"}
            yield Subject(
                name=NAME,
                port=server.port,
                pid=server.process.pid,
                start_seconds=server.seconds_to_first_answer,
                is_ours=True,
                asks=clients["jwt"]["client_id"],
                usernames=usernames,
                sweep=lambda: home.seeder("clean_up"),
                environment=home.environment,
                loads={
                    "client_credentials": lambda: Load(
                        "constant", [line("POST", "/oauth/token", header("service"), credentials)]
                    ),
                    "introspection_jwt": lambda: introspection("jwt"),
                    "introspection_opaque": lambda: introspection("opaque"),
                    "userinfo": userinfo,
                    "refresh": refresh,
                    "code": code,
                    "discovery": lambda: Load("constant", [line("GET", "/.well-known/openid-configuration", {})]),
                    "jwks": lambda: Load("constant", [line("GET", "/oauth/jwks", {})]),
                },
            )
