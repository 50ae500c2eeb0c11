"""What is off exists nowhere: in a process of its own, because tables are built once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
from django.utils import timezone
from tests.support.migrated import migrate
migrate()
from oauth_server.keys import store
store.ensure_keys(timezone.now())
from identity.models import User
from identity.signals import session_ended
from oauth_server.logout.receivers import tell
browser = Client(SERVER_NAME="127.0.0.1")
person = User.objects.create_user("ada", "ada@example.org", "correct horse battery")
browser.force_login(person, settings.AUTHENTICATION_BACKENDS[0])
browser.get("/account/")
print(json.dumps({
    "discovery": browser.get("/.well-known/openid-configuration").json(),
    "frame": browser.get("/oauth/check-session").status_code,
    "cookies": sorted(browser.cookies),
    "listens": any("oauth_server.logout.tell" in str(key) for key, *_ in session_ended.receivers),
    "signed_out": browser.post("/account/logout/").headers["Location"],
    "last_page": browser.get("/oauth/logout/done").status_code,
}))
"""


def run(features: str) -> Any:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "oauth_server.settings.testing", "FEATURES": features}
    for name in ("DATABASE_URL", "DATA_DIR"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_logout_that_is_off_is_not_there() -> None:
    seen = run("-session_management,-backchannel_logout,-frontchannel_logout,-rp_initiated_logout")
    assert "check_session_iframe" not in seen["discovery"]
    assert "end_session_endpoint" not in seen["discovery"]
    for channel in ("frontchannel", "backchannel"):
        assert f"{channel}_logout_supported" not in seen["discovery"]
        assert f"{channel}_logout_session_supported" not in seen["discovery"]
    assert seen["frame"] == 404
    assert "gatehouse_session_state" not in seen["cookies"]
    assert seen["listens"] is False
    assert seen["signed_out"] == "/account/login/"
    assert seen["last_page"] == 200


def test_logout_that_is_on_is_there() -> None:
    seen = run("")
    assert seen["frame"] == 200
    assert "gatehouse_session_state" in seen["cookies"]
    assert seen["listens"] is True
