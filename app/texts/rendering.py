"""Mails from their templates: a subject, a text and an HTML body in one language.

Each mail is two files in `mails/`, `<name>.txt` with the subject and the text, `<name>.html` with
the same words.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.texts.languages import direction_of, translations_of

if TYPE_CHECKING:
    from jinja2 import Environment

DIRECTORY = Path(__file__).parent / "mails"


class Rendered(NamedTuple):
    subject: str
    text: str
    html: str


def render_mail(name: str, language: str, values: Mapping[str, object]) -> Rendered:
    """Raises `LookupError` where there is no mail of that name.

    A value that a mail needs and was not given is left out of it: half a notice is better than
    none.
    """
    if not (DIRECTORY / f"{name}.txt").is_file():
        raise LookupError(name)
    environment = _environment(language)
    text = environment.get_template(f"{name}.txt")
    given = {**values, "lang": language, "dir": direction_of(language)}
    subject = " ".join("".join(text.blocks["subject"](text.new_context(given))).split())
    given["subject"] = subject
    return Rendered(
        subject,
        text.render(given).strip() + "\n",
        environment.get_template(f"{name}.html").render(given),
    )


@lru_cache(maxsize=8)
def _environment(language: str) -> "Environment":
    from jinja2 import (  # late: not every server sends mail
        Environment,
        FileSystemLoader,
        select_autoescape,
    )

    made = Environment(
        loader=FileSystemLoader(DIRECTORY),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(  # type: ignore[attr-defined]  # the extension adds it
        translations_of(language), newstyle=True
    )
    return made
