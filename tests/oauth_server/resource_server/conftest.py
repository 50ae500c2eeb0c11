"""What the tests of the kit share."""

from __future__ import annotations

import pytest

from tests.support.issuer import Clock, Issuer


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()
