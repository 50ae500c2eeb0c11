"""The example API, as its README says, with a token that a client got for itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import httpx2
import pytest

from tests.support.live import ROOT, Live
from tests.support.programs import program
from tests.support.services import free_port

API = ROOT / "docs" / "examples" / "resource_server" / "api.py"


@pytest.fixture(scope="module")
def api(live: Live) -> Iterator[str]:
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "GATEHOUSE_ISSUER": live.issuer, "PORT": str(port)}
    with program([sys.executable, str(API)], port, live.folder / "api.log", environment):
        yield f"http://127.0.0.1:{port}"


def token(live: Live, scope: str = "notes:read notes:write", **metadata: object) -> str:
    client = live.client(grant_types=["client_credentials"], scope="notes:read notes:write other", **metadata)
    answer = httpx2.post(
        f"{live.issuer}/oauth/token",
        data={"grant_type": "client_credentials", "scope": scope},
        auth=(client["client_id"], client["client_secret"]),
    )
    value: str = answer.json()["access_token"]
    return value


def call(api: str, value: str, method: str = "GET", **more: object) -> httpx2.Response:
    return httpx2.request(method, f"{api}/notes", headers={"Authorization": f"Bearer {value}"}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA", "Ed25519"])
def test_a_client_writes_and_reads_its_notes(live: Live, api: str, alg: str) -> None:
    """RFC 9068 §4: verified offline by JWKS, whatever our keys sign with."""
    value = token(live, audience=[api], access_token_signed_response_alg=alg)
    assert call(api, value, "POST", data={"text": "Hello"}).status_code == 201
    answer = call(api, value)
    assert answer.json()["notes"] == ["Hello"]


def test_what_does_not_open_it(live: Live, api: str) -> None:
    """RFC 6750 §3: no token, a broken one, one for another API, one without the scope."""
    anonymous = httpx2.get(f"{api}/notes")
    assert (anonymous.status_code, anonymous.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    good = token(live, "notes:read", audience=[api])
    header, body, signature = good.split(".")
    assert call(api, f"{header}.{body}.{signature[::-1]}").status_code == 401
    assert call(api, token(live)).status_code == 401
    assert call(api, token(live, "other", audience=[api])).status_code == 403
    refused = call(api, good, "POST", data={"text": "Hello"})
    assert refused.status_code == 403
    assert 'scope="notes:read notes:write"' in refused.headers["WWW-Authenticate"]
