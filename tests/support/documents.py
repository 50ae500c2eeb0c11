"""The pages under docs, as tests read them: links, fenced blocks, and the marks before those.

A mark is an HTML comment on the line before a fence: ``<!-- tested -->`` for shell lines that a test runs, ``<!-- tested: TEXT -->``
for lines that must print TEXT, ``<!-- file: NAME -->`` for a file that a test writes and uses.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_FENCE: Final = re.compile(
    r"(?:^<!-- (?P<mark>tested|file)(?:: (?P<value>[^\n]+?))? -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
# A command of a page that fails must fail the test, also one that only prints an error of the server.
_PROLOGUE: Final = 'set -euo pipefail\ncurl() { command curl --fail-with-body --show-error "$@"; }\n'
_LONGEST_SECONDS: Final = 120


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: behind the fence.
        text: between the fences.
        mark: ``tested``, ``file`` or nothing.
        value: behind the mark.
        line: where it begins.
    """

    language: str
    text: str
    mark: str
    value: str
    line: int


def pages() -> list[Path]:
    """Every page that people read, relative to the root."""
    roots = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
    return [*map(Path, roots), *sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))]


def read(page: Path) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = read(page)
    return [
        Block(
            found["language"],
            found["text"],
            found["mark"] or "",
            found["value"] or "",
            text.count("\n", 0, found.start()) + 1,
        )
        for found in _FENCE.finditer(text)
    ]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", read(page))


def links(page: Path) -> Iterator[str]:
    """Where a page points to."""
    for found in _LINK.finditer(prose(page)):
        yield found[1] or found[2]


def files(page: Path, folder: Path, replaced: Mapping[str, str]) -> None:
    """Write the files that a page shows.

    Args:
        page: with ``<!-- file: NAME -->`` before their blocks.
        folder: where to.
        replaced: texts of the page → what stands there in this test.
    """
    for block in blocks(page):
        if block.mark == "file":
            (folder / block.value).write_text(_replace(block.text, replaced), "utf-8")


def run(page: Path, folder: Path, environment: Mapping[str, str], replaced: Mapping[str, str]) -> None:
    """Run the tested shell lines of a page, one block after another, in one shell.

    Args:
        page: with ``<!-- tested -->`` before their blocks.
        folder: where they run.
        environment: what they see.
        replaced: texts of the page → what stands there in this test.

    Raises:
        AssertionError: a line failed, or did not print what the page says.
    """
    shell = {".venv/bin/python manage.py": f"{sys.executable} {ROOT / 'manage.py'}", **replaced}
    tested = [block for block in blocks(page) if block.mark == "tested"]
    assert tested, f"{page} has no tested block"
    script = _PROLOGUE + "".join(f"{_replace(b.text, shell)}\necho; echo '=== {b.line}'\n" for b in tested)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{page}: {done.stdout[-2_000:]}\n{done.stderr[-2_000:]}"
    printed = re.split(r"^=== \d+$", done.stdout, flags=re.MULTILINE)
    for block, output in zip(tested, printed, strict=False):
        assert block.value in output, f"{page}:{block.line} prints {output!r}"


def _replace(text: str, replaced: Mapping[str, str]) -> str:
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text
