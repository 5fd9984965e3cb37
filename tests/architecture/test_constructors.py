"""Constructors: few positional parameters, and repositories under the name of their class."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
LAYERS = (
    "database", "repositories", "services", "oauth", "outbound", "wiring", "middleware", "routers",
    "pages",
)  # fmt: skip
MAXIMUM_POSITIONAL = 2
REPOSITORY = re.compile(r"(\w+Repository)( \| None)?")


def constructors() -> Iterator[tuple[str, ast.arguments]]:
    """Yield the arguments of each constructor that is written out."""
    for layer in LAYERS:
        for path in sorted((APP / layer).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    for member in node.body:
                        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
                            yield f"{path.relative_to(APP)}:{node.name}", member.args


CONSTRUCTORS = dict(constructors())


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_from_the_third_parameter_on_all_are_keyword_only(name: str) -> None:
    positional = [argument.arg for argument in CONSTRUCTORS[name].args[1:]]

    assert len(positional) <= MAXIMUM_POSITIONAL, positional


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_a_repository_is_called_as_its_class_is(name: str) -> None:
    arguments = CONSTRUCTORS[name]

    for argument in (*arguments.args, *arguments.kwonlyargs):
        annotation = ast.unparse(argument.annotation) if argument.annotation else ""
        if (match := REPOSITORY.fullmatch(annotation)) is not None:
            assert argument.arg == re.sub(r"(?<!^)(?=[A-Z])", "_", match[1]).lower()
