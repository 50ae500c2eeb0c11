"""Every page is looked at: the table that the accessibility checks and the screenshots go through has a row for each address."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tests.support.page_table import NO_PAGE, ROWS
from tests.support.pages import ERRORS


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and address of whatever has a name; machines' endpoints have none, and the operators' pages are a theme's."""
    for found in patterns:
        where = prefix + str(found.pattern)
        if isinstance(found, URLResolver):
            if where != "admin/":
                yield from addresses(found.url_patterns, where)
        elif found.name:
            yield found.name, where


def test_every_address_has_a_row_or_a_reason() -> None:
    """A new page: add a Row to ROWS of tests/support/pages.py; what is no page goes to NO_PAGE there, with the reason."""
    known = dict(addresses(get_resolver().url_patterns))
    rows = {row.of for row in ROWS} - set(ERRORS)
    assert {name: where for name, where in known.items() if name not in rows | set(NO_PAGE)} == {}
    assert (rows | set(NO_PAGE)) - set(known) == set()
    assert rows & set(NO_PAGE) == set()
