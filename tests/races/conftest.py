"""One house a database for all races: two servers on it, one without and one with a retry grace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.races.race import Race
from tests.support import services
from tests.support.server import house

DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


@pytest.fixture(scope="package", params=DATABASES)
def race(request: pytest.FixtureRequest) -> Iterator[Race]:
    """Servers, a seeder, and clients, on SQLite and on PostgreSQL."""
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            try:
                url = stack.enter_context(services.postgresql())
            except services.NotInstalled as missing:
                pytest.skip(str(missing))
        yield Race.begin(stack.enter_context(house(url)), stack)
