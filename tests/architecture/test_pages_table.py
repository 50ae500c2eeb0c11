"""Every page is looked at: the table that the accessibility checks and the screenshots go through has a row for each address."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from tests.support.operator_table import OPERATOR_ROWS
from tests.support.page_table import NO_PAGE, ROWS, TRANSLATED
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


def test_every_table_of_the_operators_has_a_row() -> None:
    lists = {f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry}
    assert lists - {row.of for row in OPERATOR_ROWS} == set()


def test_what_is_looked_at_in_other_languages_is_there() -> None:
    assert TRANSLATED - {str(row) for row in ROWS} == set()
