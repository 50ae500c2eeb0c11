"""What the sign-in page weighs on the wire: most people see nothing else of this server, often on a telephone."""

from __future__ import annotations

import re

import brotli
import pytest
from django.contrib.staticfiles import finders
from django.test import Client as Browser

from tests.support.people import LOGIN

MOST = 60 * 1024


@pytest.mark.django_db
def test_the_sign_in_page_and_all_that_it_loads_weigh_at_most_sixty_kilobytes(
    client: Browser, settings: object
) -> None:
    settings.ISSUER = "https://id.example"  # type: ignore[attr-defined]
    response = client.get(LOGIN)
    loaded = re.findall(r'(?:href|src)="/static/([^"?]+)"', response.content.decode())
    assert {"css/gatehouse.css", "js/passkeys.js"} <= set(loaded)
    weights = {"the page": len(response.content)}
    for name in loaded:
        found = finders.find(name)
        assert isinstance(found, str), name
        with open(found, "rb") as file:  # noqa: PTH123
            weights[name] = len(brotli.compress(file.read()))
    assert sum(weights.values()) <= MOST, weights
