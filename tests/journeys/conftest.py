"""One furnished house, one browser and one provider elsewhere for the journeys that share them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.support.pages import Stage, stage

# axe-core's own options for its check of colours, but for ignorePseudo: without it no colour is judged on a page whose body has a
# drawing behind it (the arch, a pseudo-element). What stands on the arch itself is measured in tests/identity/test_design.py.
_COLOURS = {
    "ignoreUnicode": True, "ignoreLength": False, "ignorePseudo": True, "boldValue": 700, "boldTextPt": 14, "largeTextPt": 18,
    "contrastRatio": {"normal": {"expected": 4.5}, "large": {"expected": 3}},
    "pseudoSizeThreshold": 0.25, "shadowOutlineEmMax": 0.2, "textStrokeEmMin": 0.03,
}  # fmt: skip
_JUDGE = f"{AXE_SCRIPT};axe.configure({json.dumps({'checks': [{'id': 'color-contrast', 'options': _COLOURS}]})});"


@pytest.fixture(scope="module")
def house() -> Iterator[Stage]:
    """See ``tests.support.pages``. For one file: while a browser is driven, nothing else in the process may ask the database."""
    with stage(_JUDGE) as set_out:
        yield set_out
