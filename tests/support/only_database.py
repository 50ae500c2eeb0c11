"""A pytest plugin (``-p tests.support.only_database``): keep the tests that touch the database, for a second run elsewhere."""

from __future__ import annotations

import pytest

DATABASE = frozenset({"db", "transactional_db", "live_server", "django_db_setup"})
# These start databases of their own, both kinds, and need no second run.
OWN = frozenset({"storm", "browser"})


def touches_the_database(item: pytest.Item) -> bool:
    """Whether the test would behave differently on another database."""
    if any(item.get_closest_marker(name) for name in OWN):
        return False
    fixtures = DATABASE.intersection(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the others."""
    kept = [item for item in items if touches_the_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept
