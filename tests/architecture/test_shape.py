"""The shape of the house (docs/explanation): small files, pure words, queries in one place, HTTP at the edge."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("identity", "oauth_server")
LONGEST = 400
PURE = ("oauth_server/protocol", "oauth_server/jose")
FRAMEWORKS = ("django", "allauth", "rest_framework", "celery", "oauth2_provider", "identity")
# Where a browser's or a client's request may be looked at.
HTTP = (
    "oauth_server/endpoints/", "oauth_server/portal/", "oauth_server/admin/", "oauth_server/resource_server/", "oauth_server/middleware.py", "oauth_server/short_way.py",
    "identity/account/", "identity/look/", "identity/templatetags/", "identity/sign_in/", "identity/sessions/", "identity/federation/", "identity/adapters.py", "identity/urls.py",
    "identity/middleware.py",
    "identity/receivers.py", "identity/admin.py",
)  # fmt: skip
# Where queries may be built; everything else calls named methods of managers.
QUERIES = ("oauth_server/models/", "oauth_server/admin/", "identity/models/", "identity/admin.py", "identity/admin/")
LAZY = {
    "filter",
    "exclude",
    "annotate",
    "aggregate",
    "select_related",
    "prefetch_related",
    "values_list",
    "raw",
    "order_by",
}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders or PACKAGES:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), name(path))


def imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_file_is_longer_than_one_can_read_in_one_sitting() -> None:
    folders = (*PACKAGES, "tests", "bench", "docs/examples")
    long = {name(path): lines for path in sources(*folders) if (lines := path.read_text("utf-8").count("\n")) > LONGEST}
    assert long == {}


def test_every_package_says_what_it_owns() -> None:
    silent = [name(path) for path in sources() if path.name == "__init__.py" and not ast.get_docstring(tree(path))]
    assert silent == []


def test_the_words_of_the_rfcs_and_jose_know_no_framework() -> None:
    guilty = {
        name(path): module
        for path in sources(*PURE)
        for module in imports(tree(path))
        if module.split(".")[0] in FRAMEWORKS
    }
    assert guilty == {}


def test_requests_are_looked_at_only_at_the_edge() -> None:
    guilty = [
        name(path)
        for path in sources()
        if not name(path).startswith(HTTP) and any(module.endswith(".HttpRequest") for module in imports(tree(path)))
    ]
    assert guilty == []


def test_queries_are_built_only_in_models_and_admin() -> None:
    guilty = [
        f"{name(path)}:{node.lineno} .{node.attr}"
        for path in sources()
        if not name(path).startswith(QUERIES)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "objects"
        and node.attr in LAZY
    ]
    assert guilty == []


def test_only_endpoints_commands_and_tasks_look_at_the_clock() -> None:
    # keys/store is a cache of the process: which key signs depends on when it is asked.
    allowed = re.compile(
        r"/(endpoints|management|portal|admin|account|look|sign_in|resource_server)/|/tasks\.py$|^oauth_server/audit/record\.py$"
        r"|/receivers\.py$|/adapters\.py$|^identity/federation/pages/|^identity/sessions/(store|start)\.py$|^oauth_server/(wiring|keys/store|mail/backend)\.py$"
    )
    guilty = [
        f"{name(path)}:{node.lineno}"
        for path in sources()
        if not allowed.search(name(path))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr)
        in {("timezone", "now"), ("datetime", "now"), ("datetime", "utcnow"), ("time", "time")}
    ]
    assert guilty == []


def test_every_exception_from_a_linter_or_type_checker_names_the_rule_and_the_reason() -> None:
    """The reason stands behind it, or in a comment above it and its like."""
    nameless = re.compile(r"#\s*noqa(?!: [A-Z]+\d+)|#\s*type:\s*ignore(?!\[)")
    exception = re.compile(r"# (?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])")
    bare = []
    for path in sources():
        explained = False
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            excepted = exception.search(line)
            if nameless.search(line) or (excepted and not explained and "# " not in line[excepted.end() :]):
                bare.append(f"{name(path)}:{number}")
            explained = line.lstrip().startswith("#") or (explained and (excepted is not None or not line.strip()))
    assert bare == []


def test_nothing_is_left_to_do() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [name(path) for path in sources() if marks.search(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize("module", ["oauth_server.protocol", "oauth_server.jose"])
def test_a_pure_package_can_be_used_without_django(module: str) -> None:
    program = (
        f"import importlib, pkgutil, sys, {module} as package\n"
        "for found in pkgutil.iter_modules(package.__path__): importlib.import_module(f'{package.__name__}.{found.name}')\n"
        "assert 'django' not in sys.modules, 'django was imported'"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_arrows_between_packages_point_down() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
