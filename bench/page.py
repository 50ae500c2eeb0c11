"""docs/performance.md, whose figures stand between marks and are written by the commands that measured them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PERFORMANCE: Final = Path(__file__).parent.parent / "docs" / "performance.md"
SCALE: Final = PERFORMANCE.with_name("how-to") / "scale.md"


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def put(name: str, text: str, page: Path = PERFORMANCE) -> None:
    """Replace what stands between the marks ``name``.

    Raises:
        LookupError: the page has no such marks.
    """
    begin, end = _marks(name)
    before, found, rest = page.read_text("utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise LookupError(f"{page.name} has no block {name}")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", "utf-8")


def read(name: str, page: Path = PERFORMANCE) -> str:
    """What stands between the marks ``name``; empty when nothing does."""
    begin, end = _marks(name)
    return page.read_text("utf-8").partition(begin)[2].partition(end)[0].strip()
