"""Relying parties in processes of their own, on http://localhost:PORT, a web client's address in development."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.live import Live
from tests.support.person import Person
from tests.support.programs import program
from tests.support.services import free_port


@contextmanager
def site(
    live: Live, command: Sequence[str], callback: str, folder: Path, given: dict[str, Any], **metadata: Any
) -> Iterator[str]:
    """A relying party that runs; its address.

    Args:
        live: our server.
        command: its program, which is told everything as JSON in one argument more.
        callback: path of its redirect URI.
        folder: where it may keep things.
        given: what its program is told besides its registration, our discovery document, its address and port.
        metadata: what it registers besides its addresses.
    """
    port = free_port()
    address = f"http://localhost:{port}"
    grants = metadata.pop("grant_types", ["authorization_code", "refresh_token"])
    registration = live.client(
        redirect_uris=[address + callback],
        post_logout_redirect_uris=[f"{address}/", address],
        grant_types=grants,
        **metadata,
    )
    told = {
        **registration,
        "issuer": live.issuer,
        "metadata": live.metadata(),
        "port": port,
        "address": address,
        "database": str(folder / "party.sqlite3"),
        **given,
    }
    environment = {"PATH": os.environ["PATH"], "AUTHLIB_INSECURE_TRANSPORT": "1", "NODE_ENV": "production"}
    with program([*command, json.dumps(told)], port, folder / "site.log", environment):
        yield address


def said(person: Person) -> Any:
    """The page of a relying party on which the person ended, which is JSON."""
    assert person.page.status_code == 200, person.page.text[:2_000]
    return person.page.json()
