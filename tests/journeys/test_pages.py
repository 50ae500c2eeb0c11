"""Every page in light and dark, from 320 to 1440 pixels: axe-core finds nothing, and nothing needs sideways scrolling.

axe-core (Deque) comes with the browser's profile (tests/journeys/conftest.py), which no content security policy binds; the server's stays as it is.
"""

from __future__ import annotations

from typing import Final

import pytest
from playwright.sync_api import Page

from tests.support.browser import fits
from tests.support.page_table import ROWS
from tests.support.pages import Row, Stage, open_row

pytestmark = pytest.mark.browser

WIDTHS: Final = (320, 768, 1440)
# All of axe's rules, and the one of WCAG 2.2 (§2.5.8) that it leaves off; what a theme can break alone in the other theme.
RULES: Final = {
    "resultTypes": ["violations", "incomplete"],
    "preload": False,
    "rules": {"target-size": {"enabled": True}},
}
COLOURS: Final = {
    "resultTypes": ["violations", "incomplete"],
    "preload": False,
    "runOnly": ["color-contrast", "link-in-text-block", "target-size"],
}


def violations(page: Page, options: object) -> list[str]:
    """What axe-core says, one line a place; what it says it cannot judge is no answer, but for an arrow drawn in a field."""
    said = page.evaluate("async options => await axe.run(options)", options)
    wrong = [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in said["violations"] for node in one["nodes"]
    ]
    unsure = [node for one in said["incomplete"] if one["id"] == "color-contrast" for node in one["nodes"]]
    return wrong + [f"not judged: {node}" for node in unsure if "bgImage" not in str(node["any"])]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_nobody_is_shut_out(house: Stage, row: Row) -> None:
    """WCAG 2.2 A and AA as far as a machine can judge; §1.4.10 for the widths."""
    page = open_row(row, house)
    narrow, *wider = WIDTHS
    page.set_viewport_size({"width": narrow, "height": 640})
    assert fits(page), narrow
    assert violations(page, RULES) == []
    for width in wider:
        page.set_viewport_size({"width": width, "height": 900})
        assert fits(page), width
    page.emulate_media(color_scheme="dark")
    assert violations(page, COLOURS) == []
    page.emulate_media(color_scheme="light")
