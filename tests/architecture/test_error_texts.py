"""The public texts of errors are in two catalogues; code that raises an error names one of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.outcomes import ARGUMENTS
from app.details import Detail
from app.errors import InvalidInputError, PosternError
from app.oauth.descriptions import Description
from app.oauth.errors import OAuth2Error

APP = Path(__file__).parents[2] / "app"
CHECKED = ("oauth", "services", "pages", "routers", "dependencies.py")
OF_ONE_FILE = "oauth/grants/"
"""A grant is one file, so it may keep a description of its own."""
FOR_OPERATORS = (
    "services/accounts/imports/records.py",
    "services/operations/audit_archive.py",
    "services/operations/audit_files.py",
    "services/operations/desired_state/",
    "services/operations/rewrapping.py",
)
"""Only commands run these: their errors name files and lines."""


def _names_below(kind: type[Exception]) -> set[str]:
    return {kind.__name__}.union(*map(_names_below, kind.__subclasses__()))


PUBLIC = _names_below(PosternError) | _names_below(OAuth2Error)


def texts_of_errors(path: Path) -> Iterator[ast.expr]:
    """The first argument of each error that is created in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in PUBLIC and node.args:
            yield node.args[0]


def test_every_public_text_is_in_a_catalogue() -> None:
    checked, written_by_hand = 0, []
    for path in sorted(APP.rglob("*.py")):
        name = str(path.relative_to(APP))
        if not name.startswith(CHECKED) or name.startswith((OF_ONE_FILE, *FOR_OPERATORS)):
            continue
        for text in texts_of_errors(path):
            checked += 1
            if any(
                isinstance(each, ast.Constant) and "." in str(each.value) for each in _parts(text)
            ):
                written_by_hand.append(name)

    assert checked > 90
    assert written_by_hand == ["routers/error_handlers.py"]  # the phrase of a status and a dot


def _parts(text: ast.expr) -> Iterator[ast.AST]:
    """The nodes of a text, without the arguments that are filled into it."""
    yield from ast.walk(text.func if isinstance(text, ast.Call) else text)


@pytest.mark.parametrize("catalogue", [Detail, Description])
def test_every_text_of_a_catalogue_is_used(catalogue: type[Detail] | type[Description]) -> None:
    source = "".join(path.read_text() for path in APP.rglob("*.py"))
    used = set(re.findall(rf"\b{catalogue.__name__}\.([A-Z_0-9]+)\b", source))

    assert set(catalogue.__members__) == used


@pytest.mark.parametrize("description", Description)
def test_a_description_has_only_characters_of_the_standard(description: Description) -> None:
    """RFC 6749 section 5.2: no quotation mark, no backslash"""
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", description)
    assert description.endswith(".")


def test_an_error_names_its_field_in_the_words_of_its_caller() -> None:
    error = InvalidInputError(Detail.PROVIDER_LABEL_INVALID, field="label")
    other = InvalidInputError(Detail.PASSWORD_IS_COMMON, field="password")

    assert error.detail == str(error) == "The label must have 1 to 100 characters."
    assert error.detail_for("--label") == "--label must have 1 to 100 characters."
    assert other.detail == other.detail_for("--password") == Detail.PASSWORD_IS_COMMON
    assert other.error_code == "common_password"
    assert "label" not in ARGUMENTS
