"""The tables are the program: each row has its feature, its test and its line in docs/standards.md; discovery prints them."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from django.conf import settings

from oauth_server import grants
from oauth_server.authorize import request_object, response_modes
from oauth_server.authorize.checks import CHECKS
from oauth_server.clients import fields as metadata_fields
from oauth_server.clients import methods
from oauth_server.settings.features import Features

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(
    r"\| (?P<section>[^|]+) \| [^|]+ \| (?:`(?P<row>[^`]+)`)? ?\| `(?P<file>[^`]+)` \| `(?P<test>[^`]+)` \|"
)
LINES = [LINE.fullmatch(line) for line in (ROOT / "docs/standards.md").read_text("utf-8").partition("\n# Requirement")[0].splitlines() if "`" in line[:400] and line.startswith("| ")]  # fmt: skip
NAMES = {line["row"] for line in LINES if line}

# (table, row, feature); a check belongs to the code flow as a whole.
ROWS = [
    *[("GRANTS", row.grant_type, row.feature) for row in grants.ALL],
    *[("CLIENT_AUTH_METHODS", row.name, row.feature) for row in methods.CLIENT_AUTH_METHODS.values()],
    *[("RESPONSE_MODES", name, feature) for feature, name, _ in response_modes._MODES],
    *[("RESPONSE_TYPES", name, feature) for feature, name, _ in response_modes._TYPES],
    *[("SOURCES", name, feature) for feature, name, _ in request_object._SOURCES],
    *[("CHECKS", row.name, "authorization_code") for row in CHECKS],
]


@pytest.mark.parametrize(("table", "row", "feature"), ROWS)
def test_every_row_has_a_feature_and_a_line(table: str, row: str, feature: str) -> None:
    """A new grant is one file, one row, one feature, one test file, one line; this counts the last four."""
    assert feature in {field.name for field in fields(Features)}, f"{table} {row} has no feature"
    assert row in NAMES, f"docs/standards.md has no line for {row} of {table}"


def test_every_line_names_files_that_exist() -> None:
    assert all(LINES), "docs/standards.md has a line that this test cannot read"
    assert len(LINES) > len(ROWS)
    for line in LINES:
        assert line is not None
        for name in ("file", "test"):
            assert (ROOT / line[name]).is_file(), line[name]


def test_every_test_named_cites_a_section_of_its_line() -> None:
    """One of the standards of the line is named in its test file; plurals aside."""
    for line in LINES:
        assert line is not None
        text = (ROOT / line["test"]).read_text("utf-8")
        standards = [
            part.split(" §")[0].removeprefix("OAuth 2.0 ").removesuffix("s").strip()
            for part in line["section"].split(", ")
        ]
        assert any(standard in text for standard in standards), f"{line['test']} mentions none of {standards}"


def test_registration_knows_the_grants_that_the_server_runs() -> None:
    """clients stands below grants, so its list of grant types is held against the table here."""
    known = {*grants.table(settings.FEATURES), *metadata_fields.FRONT_CHANNEL_GRANTS}
    assert set(metadata_fields.GRANT_TYPES) == known
