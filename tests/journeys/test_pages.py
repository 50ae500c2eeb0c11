"""Every page in light and dark, from 320 to 1440 pixels: axe-core finds nothing, and nothing needs sideways scrolling.

In English; a choice of them in the languages that are longest, that have other letters, and that run the other way.

axe-core (Deque) comes with the browser's profile (tests/journeys/conftest.py), which no content security policy binds; the server's stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Page

from tests.support.browser import fits
from tests.support.operator_table import OPERATOR_ROWS
from tests.support.page_table import ROWS, TRANSLATED
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
# What axe cannot judge and need not: the arrow in a field, and what is out of sight in a table that scrolls.
UNSEEN: Final = ("bgImage", "data-simplebar")


def violations(page: Page, options: object) -> list[str]:
    """What axe-core says, one line a place; what it says it cannot judge is no answer, but for UNSEEN."""
    said = page.evaluate("async options => await axe.run(options)", options)
    wrong = [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in said["violations"] for node in one["nodes"]
    ]
    unsure = [node for one in said["incomplete"] if one["id"] == "color-contrast" for node in one["nodes"]]
    return wrong + [f"not judged: {node}" for node in unsure if not any(word in str(node["any"]) for word in UNSEEN)]


def judge(page: Page, height: int = 640) -> None:
    """Everything in light on the narrowest screen, what a theme can break in dark on the widest, and the width of each."""
    narrow, *wider = WIDTHS
    page.set_viewport_size({"width": narrow, "height": height})
    assert fits(page), narrow
    assert violations(page, RULES) == []
    for width in wider:
        page.set_viewport_size({"width": width, "height": max(900, height)})
        assert fits(page), width
    page.emulate_media(color_scheme="dark")
    # django-unfold asks the device when a page begins, and then says this of it.
    page.evaluate("window.Alpine && document.documentElement.classList.add('dark')")
    assert violations(page, COLOURS) == []
    page.emulate_media(color_scheme="light")


@pytest.fixture
def speaking(house: Stage) -> Iterator[Stage]:
    yield house
    house.language = "en"


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_nobody_is_shut_out(house: Stage, row: Row) -> None:
    """WCAG 2.2 A and AA as far as a machine can judge; §1.4.10 for the widths."""
    judge(open_row(row, house))


@pytest.mark.parametrize("row", OPERATOR_ROWS, ids=str)
def test_no_operator_is_shut_out(house: Stage, row: Row) -> None:
    """The same of the operators' pages, whose theme is django-unfold's; as high as they are, since a bar sticks to the bottom."""
    judge(open_row(row, house), height=3_000)


@pytest.mark.parametrize("language", ["de", "ja", "ar"])
@pytest.mark.parametrize("row", [row for row in ROWS if str(row) in TRANSLATED], ids=str)
def test_nobody_is_shut_out_by_their_language(speaking: Stage, row: Row, language: str) -> None:
    """§1.4.10 with German's long words; §3.1.1, and Arabic from right to left."""
    speaking.language = language
    page = open_row(row, speaking)
    assert page.locator("html").get_attribute("lang") == language
    judge(page)
