"""What a web process is after its start, before the first request (docs/decisions/0014)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Megabytes that a request for a token never needs, each imported by whoever needs it first.
RARELY_NEEDED = ("celery", "kombu", "PIL", "httpcore2")

_ASK = """
import gc, json, sys
import oauth_server.wsgi
print(json.dumps({"modules": sorted(sys.modules), "looked_at": len(gc.get_objects()), "frozen": gc.get_freeze_count()}))
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A process of its own that has loaded what Granian loads."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "DJANGO_SETTINGS_MODULE": "oauth_server.settings.development",
    }
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=root, env=environment, check=True, capture_output=True, text=True
    )
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_what_is_rarely_needed_is_not_there_yet(started: dict[str, Any]) -> None:
    assert [name for name in RARELY_NEEDED if name in started["modules"]] == []


def test_the_pages_are_there_already(started: dict[str, Any]) -> None:
    """Else the first request after a start would wait for their import."""
    assert {"oauth_server.urls", "identity.urls", "oauth_server.endpoints.token"} <= set(started["modules"])


def test_the_collector_does_not_look_at_what_stays(started: dict[str, Any]) -> None:
    """A look at all of it would stop every thread for a tenth of a second."""
    assert started["frozen"] > 100_000
    assert started["looked_at"] < 10_000
