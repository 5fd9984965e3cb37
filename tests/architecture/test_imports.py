"""Arrows point one way, and every package has its place among the layers."""

import ast
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    """import-linter configures logging, which silences every logger that was there before."""
    yield
    for each in logging.root.manager.loggerDict.values():
        if isinstance(each, logging.Logger):
            each.disabled = False


APP = ROOT / "app"


def test_the_import_contracts_are_satisfied() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == (
        EXIT_STATUS_SUCCESS
    )


def test_a_broken_contract_is_detected(tmp_path: Path) -> None:
    turned_round = tmp_path / "turned_round.toml"
    turned_round.write_text(
        """
        [tool.importlinter]
        root_package = "app"

        [[tool.importlinter.contracts]]
        name = "One way up"
        type = "layers"
        containers = ["app"]
        layers = ["database", "repositories"]
        """
    )

    code = lint_imports(config_filename=str(turned_round), no_cache=True)

    assert code != EXIT_STATUS_SUCCESS


def test_every_package_and_module_of_the_application_is_in_a_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(each for each in contracts["contracts"] if each["type"] == "layers")["layers"]
    named = {name for layer in layers for name in layer.replace("|", " ").replace(":", " ").split()}

    assert parts_of_the_application() - named == set()


def test_every_module_has_a_docstring() -> None:
    docstrings = {
        str(path.relative_to(APP)): ast.get_docstring(ast.parse(path.read_text()))
        for path in APP.rglob("*.py")
    }

    assert "main.py" in docstrings
    assert [path for path, text in docstrings.items() if not (text or "").strip()] == []


def parts_of_the_application() -> set[str]:
    packages = {path.parent.name for path in APP.glob("*/__init__.py")}
    modules = {path.stem for path in APP.glob("*.py")} - {"__init__"}
    return packages | modules
