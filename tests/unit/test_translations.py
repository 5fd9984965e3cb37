"""The texts of the pages: every one translated, and what is compiled is what was written."""

import ast
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.details import Detail
from app.errors import PosternError
from app.i18n.languages import DIRECTORY, LANGUAGES, translations_of
from app.oauth.descriptions import Description
from app.oauth.metadata import UI_LOCALES
from app.oauth.scopes import SCOPES
from app.pages.support.messages import FROM_BELOW
from app.services.operations.rewrapping import UnopenableError

OTHERS = [language for language in LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)s|</?\w+>")
PLURAL = " | "
APP = Path(DIRECTORY).parents[1]
SHOWN = {"NotFoundError", "ConflictError", "FormExpiredError", "UntrustedRequestError"} | {
    "UntrustedLogoutError"
}
CATALOGUES: dict[str, type[StrEnum]] = {"Detail": Detail, "Description": Description}
TEMPLATES = Path(DIRECTORY).parents[1] / "pages" / "templates"


def catalog(language: str) -> dict[str, str]:
    path = DIRECTORY / language / "LC_MESSAGES" / "postern.po"
    with path.open("rb") as file:
        return {_text(each.id): _text(each.string) for each in read_po(file) if each.id}


def collected() -> set[str]:
    with (DIRECTORY / "postern.pot").open("rb") as file:
        return {_text(message.id) for message in read_po(file) if message.id}


def _text(said: str | Sequence[str]) -> str:
    """One line for a text that has a singular and a plural; "" where one of them is missing."""
    forms = [said] if isinstance(said, str) else said
    return PLURAL.join(forms) if all(forms) else ""


def test_the_metadata_lists_the_available_languages() -> None:
    assert set(UI_LOCALES) == set(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_with_the_same_placeholders(language: str) -> None:
    texts = catalog(language)

    assert set(texts) == collected()
    for text, translated in texts.items():
        assert translated, text
        assert sorted(PLACEHOLDER.findall(translated)) == sorted(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", OTHERS)
def test_the_translations_are_what_babel_reads(language: str) -> None:
    translations = translations_of(language)

    for text, translated in catalog(language).items():
        singular, *plural = text.split(PLURAL)
        assert translations.gettext(singular) == translated or plural
        for count, form in zip((1, 2), translated.split(PLURAL) if plural else (), strict=False):
            assert translations.ngettext(singular, plural[0], count) == form


def test_every_message_in_the_templates_is_in_the_catalog() -> None:
    known = collected()
    for path in TEMPLATES.glob("*.html"):
        for said in re.findall(r"{% trans(?: [^%]*)?%}(.*?){% endtrans %}", path.read_text()):
            text = re.sub(r"{{ (\w+) }}", r"%(\1)s", said).replace("{% pluralize %}", PLURAL)
            assert text in known, f"{path.name}: {text}"


def test_templates_pass_only_string_literals_to_gettext() -> None:
    """SECURITY_BAR row 31: what gettext gives counts as safe HTML there"""
    for path in TEMPLATES.glob("*.html"):
        assert re.findall(r"\b_\((?!\")", path.read_text()) == [], path.name


def test_every_message_of_an_error_page_is_in_the_catalog() -> None:
    """A title of an error, or a constant that is raised where only people come"""
    said = {kind.title for kind in _below(PosternError)} - {UnopenableError.title}
    for path in (*APP.glob("pages/**/*.py"), *APP.glob("oauth/authorization/*.py")):
        said |= _raised_in(path, SHOWN)
    said |= _raised_in(APP / "oauth/logout.py", SHOWN)
    said |= _raised_in(APP / "oauth/requests.py", {"InvalidRequestError"})
    assert len(said) > 30

    assert said <= collected()


def _below(kind: type[PosternError]) -> set[type[PosternError]]:
    return {kind}.union(*map(_below, kind.__subclasses__()))


def _raised_in(path: Path, names: set[str]) -> set[str]:
    """The constant messages of errors of these names."""
    calls = [each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Call)]
    return {
        CATALOGUES[each.value.id][each.attr].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in names and call.args
        for each in ast.walk(call.args[0])
        if isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Name)
        and each.value.id in CATALOGUES
    }


def test_the_descriptions_of_scopes_are_listed_for_translation() -> None:
    assert set(SCOPES.values()) <= set(FROM_BELOW)
