"""docs/standards.md, requirement by requirement: each line's file exists, and each of its tests does and cites the standard."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(
    r"\| (?P<sections>§[^|]+) \| (?P<says>[^|]+) \| `(?P<file>[^`]+)` \| (?P<tests>(?:`[^`]+`(?:, )?)+) \|"
)
# The standards that the tests call by another name than the heading does.
CALLED = {
    "OpenID Connect Core": ("OpenID Connect Core", "Core §", "OpenID Connect"),
    "OpenID Connect Dynamic Client Registration": ("Registration", "RFC 7591"),
    "OAuth 2.0 Multiple Response Types": ("Multiple Response Types",),
    "OAuth 2.0 Form Post Response Mode": ("Form Post Response Mode",),
}


def requirements() -> list[tuple[str, re.Match[str]]]:
    """Each line of the second part, with the standard that it stands under."""
    _, _, part = (ROOT / "docs/standards.md").read_text("utf-8").partition("\n# Requirement by requirement\n")
    found, standard = [], ""
    for line in part.splitlines():
        if line.startswith("## "):
            standard = line.removeprefix("## ")
        elif re.match(r"\| §\d", line):
            match = LINE.fullmatch(line)
            assert match, f"docs/standards.md has a line that this test cannot read: {line}"
            found.append((standard, match))
    return found


REQUIREMENTS = requirements()


@lru_cache
def docstrings(file: str) -> dict[str, str]:
    """Test → what it, its class and its module say of themselves."""
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    module = ast.get_docstring(tree) or ""
    found: dict[str, str] = {}
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        for each in inside:
            if isinstance(each, ast.FunctionDef):
                of_class = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
                said = (ast.get_docstring(node) if isinstance(node, ast.ClassDef) else "") or ""
                found[of_class + each.name] = "\n".join((ast.get_docstring(each) or "", said, module))
    return found


@pytest.mark.parametrize(
    ("standard", "line"), REQUIREMENTS, ids=[f"{name[:30]} {line['sections']}" for name, line in REQUIREMENTS]
)
def test_a_requirement_names_a_file_and_tests_that_cite_its_standard(standard: str, line: re.Match[str]) -> None:
    """A renamed test, a moved file, or a test of something else."""
    assert any((root / line["file"]).is_file() for root in (ROOT / "oauth_server", ROOT)), line["file"]
    short = re.sub(r" 1\.0$", "", standard)
    names = [name for part in short.split(", ") for name in CALLED.get(part, (re.sub(r"^(RFC \d+).*", r"\1", part),))]
    names = [name.removeprefix("OpenID Connect ") if "Logout" in name or "Session" in name else name for name in names]
    cited = False
    for test in re.findall(r"`([^`]+)`", line["tests"]):
        file, _, name = test.partition("::")
        assert name in docstrings(file), f"{test} does not exist"
        cited = cited or any(known in docstrings(file)[name] for known in names)
    assert cited, f"no test of {line['sections']} ({line['says']}) names {' or '.join(names)}"


def test_every_standard_of_the_house_has_its_part() -> None:
    """Those that the server says it implements."""
    assert len(REQUIREMENTS) > 200
    headings = "\n".join({standard for standard, _ in REQUIREMENTS})
    for name in (
        "OpenID Connect Core", "Discovery", "Dynamic Client Registration 1.0", "Form Post", "RP-Initiated", "Session Management",
        "Front-Channel", "Back-Channel", "RFC 6749", "RFC 6750", "RFC 7009", "RFC 7519", "RFC 8725", "RFC 7523", "RFC 7591",
        "RFC 7592", "RFC 7636", "RFC 7662", "RFC 8252", "RFC 8414", "RFC 8707", "RFC 9068", "RFC 9101", "RFC 9207", "RFC 9700",
    ):  # fmt: skip
        assert name in headings, name
