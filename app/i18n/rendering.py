"""Render mails from templates: a subject, a text body and an HTML body in one language.

Each mail has two files in `mails/`: `<name>.txt` with the subject and the text, and `<name>.html`
with the same content.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.i18n.languages import direction_of, translations_of

if TYPE_CHECKING:
    from jinja2 import Environment

DIRECTORY = Path(__file__).parent / "mails"
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")


class Rendered(NamedTuple):
    subject: str
    text: str
    html: str


def render_mail(name: str, language: str, values: Mapping[str, object]) -> Rendered:
    """Render a mail; raises `LookupError` if there is no mail of that name.

    The subject begins with the `brand`. A missing value is rendered as empty, because an incomplete
    mail is better than none.
    """
    if not (DIRECTORY / f"{name}.txt").is_file():
        raise LookupError(name)
    environment = _environment(language)
    text = environment.get_template(f"{name}.txt")
    context = {**values, "lang": language, "dir": direction_of(language)}
    heading = on_one_line("".join(text.blocks["subject"](text.new_context(context))))
    context["heading"] = heading
    return Rendered(
        on_one_line(f"{values['brand']}: {heading}") if values.get("brand") else heading,
        text.render(context).strip() + "\n",
        environment.get_template(f"{name}.html").render(context),
    )


def render_paragraphs(text: str, language: str, values: Mapping[str, object]) -> str:
    """Return the HTML body for a text whose paragraphs are separated by empty lines."""
    blocks = [block.splitlines() for block in _EMPTY_LINES.split(text.strip())]
    return (
        _environment(language)
        .get_template("own.html")
        .render({**values, "lang": language, "dir": direction_of(language), "paragraphs": blocks})
    )


def on_one_line(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=8)
def _environment(language: str) -> "Environment":
    from jinja2 import (  # imported late: not every server sends mail
        Environment,
        FileSystemLoader,
        select_autoescape,
    )

    environment = Environment(
        loader=FileSystemLoader(DIRECTORY),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # added by the extension
        translations_of(language), newstyle=True
    )
    return environment
