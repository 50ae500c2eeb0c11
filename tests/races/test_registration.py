"""Many registrations at once with one initial access token (RFC 7591 §1.2): no more than it has uses (scorecard R-07)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.races.race import Race, verdicts
from tests.races.storm import Answer, ask, request, storm
from tests.support.server import ROOT

pytestmark = pytest.mark.storm

USES = 3


def test_an_initial_access_token_is_good_for_its_uses_and_no_more(race: Race) -> None:
    """The command of an operator makes it; 20 clients come at the same moment."""
    command = [sys.executable, "manage.py", "create_initial_access_token", "--uses", str(USES), "--json"]
    made = subprocess.run(command, cwd=ROOT, env=race.house.environment, capture_output=True, check=True)
    token = json.loads(made.stdout)["initial_access_token"]
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    body = json.dumps({"redirect_uris": ["https://rp.example/cb"]}).encode()
    with race.house.server(REGISTRATION="token") as server:
        answers = storm(server.port, [request("POST", "/oauth/register", headers, body)] * 20)
        assert verdicts(answers) == {"201": USES, "401 invalid_token": 20 - USES}
        told = next(answer.json() for answer in answers if answer.status == 201)
        own = {"Host": "127.0.0.1", "Authorization": f"Bearer {told['registration_access_token']}"}

        def delete() -> bytes:
            return request("DELETE", f"/oauth/register/{told['client_id']}", own)

        gone: list[Answer] = storm(server.port, [delete()] * 10)
        assert {answer.status for answer in gone} == {204, 401}
        assert sum(answer.status == 204 for answer in gone) == 1
        assert ask(server.port, delete()).status == 401
