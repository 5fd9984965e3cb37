"""Each declared dependency is imported by the application, or says what needs it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SHIPPED = ("app", "migrations", "launcher")
OWN = {"app", "migrations", "postern_server"}
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIRED = {canonicalize_name(Requirement(each).name) for each in PROJECT["dependencies"]}
OPTIONAL = {
    canonicalize_name(Requirement(each).name)
    for extra in EXTRAS
    if extra != "dev"
    for each in EXTRAS[extra]
}


def imported_modules(source: str) -> Iterator[str]:
    """Yield the top-level names that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


@cache
def imports() -> dict[str, set[str]]:
    """Return what each module imports."""
    paths = [path for name in SHIPPED for path in (ROOT / name).rglob("*.py")]
    return {
        str(path.relative_to(ROOT)): set(imported_modules(path.read_text(encoding="utf-8")))
        for path in paths
    }


def imported_distributions() -> set[str]:
    installed = packages_distributions()
    third_party = set().union(*imports().values()) - OWN - sys.stdlib_module_names
    return {canonicalize_name(each) for name in third_party for each in installed[name]}


def dependencies_that_say_what_needs_them() -> set[str]:
    lines = re.findall(r'^    "([^"]+)",  # needed (?:by|for) \S.*$', PYPROJECT, re.MULTILINE)
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_every_import_has_a_declared_dependency() -> None:
    assert imported_distributions() - REQUIRED - OPTIONAL == set()


def test_every_dependency_without_an_import_says_what_needs_it() -> None:
    unexplained = (REQUIRED | OPTIONAL) - dependencies_that_say_what_needs_them()

    assert unexplained == imported_distributions()


@pytest.mark.parametrize(
    ("extra", "place"), [("redis", "app/outbound/"), ("demo", "app/cli/demo.py")]
)
def test_an_optional_dependency_is_imported_only_where_its_extra_is_required(
    extra: str, place: str
) -> None:
    names = {Requirement(each).name for each in EXTRAS[extra]}
    importing = [path for path in imports() if names & imports()[path]]

    assert importing
    assert all(path.startswith(place) for path in importing)
