"""For every test: no process-wide cache outlives the test that filled it.

That nothing reaches beyond this machine is pytest-socket's doing (``--allow-hosts`` in pyproject.toml).
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.core import management
from django.core.cache import cache
from django.core.management import call_command

from oauth_server import middleware
from oauth_server.audit import context, record
from oauth_server.clients import key_sets, registry
from oauth_server.endpoints import discovery
from oauth_server.keys import store
from oauth_server.models import freshness
from tests.support import services
from tests.support.key_pool import POOL
from tests.support.migrated import migrate

if "MIGRATED_COPIES" not in os.environ:
    # Workers and the processes that they start inherit the folder; only the one that made it takes it away.
    os.environ["MIGRATED_COPIES"] = tempfile.mkdtemp(prefix="gatehouse-migrated-")
    atexit.register(shutil.rmtree, os.environ["MIGRATED_COPIES"], ignore_errors=True)

pytest_plugins = [
    "tests.support.upstream",
    "tests.support.parties",
    "tests.support.front_channel",
    "tests.support.registration",
]

# A landing is judged by the same examples every time; on a developer's machine each run looks somewhere new.
hypothesis.settings.register_profile("judge", derandomize=True, deadline=None)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("judge")

FORGET = (
    record.forget,
    freshness.forget,
    registry.forget,
    key_sets.forget,
    store.forget,
    cache.clear,
    middleware.is_trusted.cache_clear,
    discovery._printed.cache_clear,
)


# Folders whose tests start servers and browsers. Last, a few long files would keep one worker busy and the other waiting.
_LONG = ("faults", "races", "interop", "docs", "journeys")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The verdicts of ``make test`` first, then what takes longest."""
    ranks = {"test_verdicts.py": 0} | dict.fromkeys(_LONG, 1)
    items.sort(key=lambda item: min(ranks.get(part, 2) for part in item.path.parts))


def pytest_collection_finish() -> None:
    """What stands now stays to the end; Python need not look through it for garbage again and again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def forget_everything() -> Iterator[None]:
    """Clients, keys, versions, throttles and the request context are process-wide; the next test starts without them."""
    POOL.begin()
    yield
    POOL.end()
    for forget in FORGET:
        forget()
    context.enter(context.RequestContext())


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest) -> None:
    """pytest-django's databases, one a worker, are migrated as those of the servers that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(management, "call_command", _migrating)
        request.getfixturevalue("django_db_setup")


def _migrating(name: str, **options: Any) -> Any:
    return migrate() if name == "migrate" else call_command(name, **options)


def _service(name: str) -> Iterator[str]:
    start, _ = services.SERVICES[name]
    try:
        with start() as url:
            yield url
    except services.NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A private PostgreSQL, for tests that start processes of their own."""
    yield from _service("postgresql")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private Redis."""
    yield from _service("redis")


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    """A private RabbitMQ."""
    yield from _service("rabbitmq")
