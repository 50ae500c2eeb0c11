"""Two beats at once, on both databases, with real processes (design §5: a second beat is harmless)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.storm

PROCESSES = 3
ROOT = Path(__file__).resolve().parents[2]

RACER = """
import json, sys
import django
django.setup()
from django.utils import timezone
from oauth_server.keys import rotate, store
from oauth_server.models import SigningKey, StateVersion, freshness

print("ready", flush=True)
sys.stdin.readline()
now = timezone.now()
store.ensure_keys(now)
print("ready", flush=True)
sys.stdin.readline()
first = [(key.alg, key.kid) for key in SigningKey.objects.alive() if key.use == "sig"]
print("ready", flush=True)
sys.stdin.readline()
kids = []
for _ in range(2):
    done = rotate.rotate_now(timezone.now())
    kids += done.announced
print("ready", flush=True)
sys.stdin.readline()
freshness.forget()
now = timezone.now()
print(json.dumps({
    "first": first,
    "announced": kids,
    "signs": {alg: store.signer(alg, now).kid for alg in store.signing_algorithms()},
    "ages": [(key.alg, key.age(now)) for key in rotate.states()],
    "private": [key.kid for key in SigningKey.objects.alive() if key.private and key.use == "sig"],
    "version": StateVersion.objects.current()["keys"],
}))
"""


def _race(environment: dict[str, str]) -> list[dict[str, object]]:
    subprocess.run([sys.executable, "-m", "tests.support.migrated"], cwd=ROOT, env=environment, check=True)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    try:
        for _ in range(4):
            for racer in racers:
                assert racer.stdout is not None
                assert racer.stdout.readline() == "ready\n"
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write("\n")
                racer.stdin.flush()
        return [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_processes_that_rotate_at_once_leave_one_signing_key_an_algorithm(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """First start and emergencies, each in three processes at the same moment."""
    url = request.getfixturevalue("postgresql_url") if database == "postgresql" else ""
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "oauth_server.settings.testing",
        "PYTHONPATH": str(ROOT),
    }
    results = _race(environment)
    algorithms = len(set(results[0]["signs"]))  # type: ignore[arg-type]  # JSON
    for result in results:
        assert result["first"] == results[0]["first"], "all see the same first keys"
        assert len(result["first"]) == algorithms, "and only one set of them was made"  # type: ignore[arg-type]  # JSON
        assert result["signs"] == results[0]["signs"], "all sign with the same keys in the end"
        ages = result["ages"]
        assert sorted(age for _, age in ages).count("signing") == algorithms  # type: ignore[attr-defined]  # JSON
        assert set(result["private"]) == set(result["signs"].values())  # type: ignore[attr-defined, call-overload]  # JSON
        # The first start moved the version once, and every emergency once.
        assert result["version"] == 1 + 2 * PROCESSES
