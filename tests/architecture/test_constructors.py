"""Constructors: few positional parameters, and repositories under the name of their class."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

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


def test_from_the_third_parameter_on_all_are_keyword_only() -> None:
    positional = {
        name: [argument.arg for argument in arguments.args[1:]]
        for name, arguments in constructors()
    }

    assert positional
    assert {name: each for name, each in positional.items() if len(each) > MAXIMUM_POSITIONAL} == {}


def test_a_repository_is_called_as_its_class_is() -> None:
    names = {
        (constructor, argument.arg): re.sub(r"(?<!^)(?=[A-Z])", "_", match[1]).lower()
        for constructor, arguments in constructors()
        for argument in (*arguments.args, *arguments.kwonlyargs)
        if argument.annotation
        and (match := REPOSITORY.fullmatch(ast.unparse(argument.annotation))) is not None
    }

    assert names
    assert [parameter for parameter, name in names.items() if parameter[1] != name] == []
