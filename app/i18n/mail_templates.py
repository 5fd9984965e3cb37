"""The operator's own texts of mails (MAIL_TEMPLATES_DIR): `LANGUAGE/MAIL.txt` and `.html`.

A template is text with placeholders such as `{{ link }}`. Nothing in it is executed.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.i18n.languages import LANGUAGES
from app.i18n.rendering import DIRECTORY, Rendered, on_one_line, render_mail, render_paragraphs
from app.startup_errors import StartupError

COMMON = ("brand", "brand_color", "brand_text_color", "issuer", "logo_dark_url", "logo_url")
"""Placeholders of every mail."""
REQUIRED = ("code", "link")
"""Placeholders without which a mail that has them is useless."""
PARTS_OF_OTHERS = frozenset({"base", "notice"})
MAXIMUM_BYTES = 100_000
SUBJECT = "Subject:"
_PLACEHOLDER = re.compile(r"\{\{ *(\w+) *\}\}")
_OPENED = re.compile(r"\{\{.{0,40}|\{%.{0,40}")
_PARENT = re.compile(r'\{% extends "(\w+)\.txt" %\}')


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """The operator's parts of one mail in one language; None stands for ours."""

    subject: str | None = None
    text: str | None = None
    html: str | None = None


class MailTemplates:
    """Renders mails by the operator's templates, and by ours where there is none."""

    def __init__(self, templates: Mapping[tuple[str, str], MailTemplate]) -> None:
        self._templates = templates

    def render(self, name: str, language: str, values: Mapping[str, object]) -> Rendered:
        rendered = render_mail(name, language, values)
        template = self._templates.get((language, name))
        if template is None:
            return rendered
        subject, text, body = rendered
        if template.subject is not None and template.text is not None:
            subject = on_one_line(_filled(template.subject, values))
            text = _filled(template.text, values).strip() + "\n"
            body = render_paragraphs(text, language, {**values, "heading": subject})
        if template.html is not None:
            body = _filled(template.html, {**values, "subject": subject}, escape=html.escape)
        return Rendered(subject, text, body)


def load_mail_templates(directory: Path | None) -> MailTemplates:
    """Read and check the templates; raise `StartupError` for the first one that is wrong."""
    templates: dict[tuple[str, str], MailTemplate] = {}
    for file in _files(directory) if directory is not None else ():
        key = file.parent.name, file.stem
        templates[key] = replace(templates.get(key, MailTemplate()), **_parts_of(file))
    return MailTemplates(templates)


def placeholders_of(name: str) -> frozenset[str]:
    """Return the placeholders of a mail, which are those of our own text."""
    placeholders, source = set(COMMON), _own_text(name)
    while True:
        placeholders.update(_PLACEHOLDER.findall(source))
        parent = _PARENT.search(source)
        if parent is None:
            return frozenset(placeholders)
        source = _own_text(parent[1])


def _own_text(name: str) -> str:
    return (DIRECTORY / f"{name}.txt").read_text(encoding="utf-8")


def _files(directory: Path) -> Iterator[Path]:
    """Yield the files of all languages; hidden ones are ignored, as a mounted volume has some."""
    mails = sorted({file.stem for file in DIRECTORY.glob("*.txt")} - PARTS_OF_OTHERS)
    for folder in _visible(directory):
        if folder.name not in LANGUAGES or not folder.is_dir():
            raise StartupError(
                f"MAIL_TEMPLATES_DIR: {folder.name} must be a directory named"
                f" {' or '.join(LANGUAGES)}"
            )
        for file in _visible(folder):
            if file.suffix not in (".txt", ".html") or file.stem not in mails:
                raise _wrong(file, f"must be a .txt or .html file named {', '.join(mails)}")
            yield file


def _visible(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if not path.name.startswith("."))


def _parts_of(file: Path) -> dict[str, str]:
    """Return the parts of a mail that a file has, checked."""
    content = _content_of(file)
    is_html = file.suffix == ".html"
    used = set(_PLACEHOLDER.findall(content))
    known = placeholders_of(file.stem) | ({"subject"} if is_html else set())
    for name in REQUIRED:
        if name in known - used:
            raise _wrong(file, f"{{{{ {name} }}}} is missing")
    for name in sorted(used - known):
        raise _wrong(file, f"{{{{ {name} }}}} is unknown; known are {', '.join(sorted(known))}")
    if is_html:
        return {"html": content}
    first, _, text = content.partition("\n")
    if not first.startswith(SUBJECT) or not first.removeprefix(SUBJECT).strip():
        raise _wrong(file, f'the first line must be "{SUBJECT} …"')
    return {"subject": first.removeprefix(SUBJECT), "text": text}


def _content_of(file: Path) -> str:
    try:
        content = file.read_bytes()
        if len(content) > MAXIMUM_BYTES:
            raise _wrong(file, f"is larger than {MAXIMUM_BYTES} bytes")
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise _wrong(file, "is not UTF-8") from None
    except OSError as error:
        raise _wrong(file, f"cannot be read ({error.strerror})") from None
    foreign = _OPENED.search(_PLACEHOLDER.sub("", text))
    if foreign is not None:
        raise _wrong(file, f"only placeholders such as {{{{ brand }}}} are allowed: {foreign[0]}")
    return text


def _wrong(file: Path, problem: str) -> StartupError:
    return StartupError(f"MAIL_TEMPLATES_DIR: {file.parent.name}/{file.name}: {problem}")


def _filled(
    template: str, values: Mapping[str, object], *, escape: Callable[[str], str] = str
) -> str:
    """Fill in the placeholders, and leave out lines whose placeholders are all empty."""

    def value_of(name: str) -> str:
        return escape(str(values.get(name) or ""))

    lines = []
    for line in template.split("\n"):
        names = _PLACEHOLDER.findall(line)
        if not names or any(map(value_of, names)):
            lines.append(_PLACEHOLDER.sub(lambda match: value_of(match[1]), line))
    return "\n".join(lines)
