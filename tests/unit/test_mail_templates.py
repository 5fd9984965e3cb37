"""The operator's own texts of mails: which files are accepted, and what mails they become."""

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from app.i18n.mail_templates import (
    COMMON,
    PARTS_OF_OTHERS,
    load_mail_templates,
    placeholders_of,
)
from app.i18n.rendering import DIRECTORY, Rendered, render_mail
from app.startup_errors import StartupError

DOCUMENT = (Path(__file__).parents[2] / "docs" / "brand-and-mail.md").read_text()

VALUES = {
    "brand": "Acme",
    "brand_color": "#ffcc00",
    "brand_text_color": "#000000",
    "issuer": "https://id.example.com",
    "logo_url": "",
    "logo_dark_url": "",
    "email": "ada@example.com",
    "link": "https://id.example.com/verify-email?token=x&y=1",
}
NOTICE = {**VALUES, "username": "<ada>", "at": "2026-11-25", "address": "203.0.113.7", "device": ""}
OF_THIS_MAIL = sorted(VALUES)
TEXT = "Subject: Welcome to {{ brand }}\n\nHello {{email}},\nopen this link:\n\n{{ link }}\n"


def write(directory: Path, place: str, content: str | bytes) -> None:
    file = directory / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


def rendered(
    directory: Path,
    name: str = "verify_email",
    language: str = "en",
    *,
    values: Mapping[str, str] = VALUES,
) -> Rendered:
    return load_mail_templates(directory).render(name, language, values)


def problem_of(directory: Path) -> str:
    with pytest.raises(StartupError) as raised:
        load_mail_templates(directory)
    (line,) = raised.value.lines
    return line


def test_a_text_replaces_the_subject_and_both_bodies(tmp_path: Path) -> None:
    write(tmp_path, "en/verify_email.txt", TEXT)

    subject, text, html = rendered(tmp_path)

    assert subject == "Welcome to Acme"
    assert text == f"Hello ada@example.com,\nopen this link:\n\n{VALUES['link']}\n"
    assert "<p>Hello ada@example.com,<br>open this link:</p>" in html
    assert 'href="https://id.example.com/verify-email?token=x&amp;y=1"' in html
    assert "Acme<br>https://id.example.com" in html


def test_an_html_file_replaces_only_the_html_body(tmp_path: Path) -> None:
    write(tmp_path, "en/verify_email.html", '<h1>{{ subject }}</h1><a href="{{ link }}">Go</a>')

    mail = rendered(tmp_path)

    ours = render_mail("verify_email", "en", VALUES)
    assert (mail.subject, mail.text) == (ours.subject, ours.text)
    assert mail.html == (
        "<h1>Acme: Confirm your email address</h1>"
        '<a href="https://id.example.com/verify-email?token=x&amp;y=1">Go</a>'
    )


def test_other_languages_and_other_mails_keep_our_texts(tmp_path: Path) -> None:
    write(tmp_path, "en/verify_email.txt", TEXT)

    for name, language in (("verify_email", "de"), ("reset_password", "en")):
        ours = render_mail(name, language, VALUES)
        assert rendered(tmp_path, name, language) == ours


def test_values_are_escaped_in_html_and_never_filled_in_again(tmp_path: Path) -> None:
    write(tmp_path, "en/password_changed.txt", "Subject: For {{ username }}\n\n{{ username }}\n")
    write(tmp_path, "en/passkey_added.html", '<p title="{{ username }}">{{ name }}</p>')
    hostile = {**NOTICE, "username": '"><script>{{ issuer }}', "name": "{{ issuer }}{% raw %}"}

    of_text = rendered(tmp_path, "password_changed", values=hostile)
    of_html = rendered(tmp_path, "passkey_added", values=hostile)

    assert "<script>" not in of_text.html + of_html.html
    assert "{{ issuer }}" in of_text.text
    assert "{{ issuer }}{% raw %}</p>" in of_html.html


def test_a_value_cannot_add_a_header(tmp_path: Path) -> None:
    write(tmp_path, "en/password_changed.txt", "Subject: For {{ username }}\n\nChanged.\n")
    values = {**NOTICE, "username": "ada\r\nBcc: eve@example.com"}

    mail = rendered(tmp_path, "password_changed", values=values)

    assert mail.subject == "For ada Bcc: eve@example.com"


def test_lines_whose_placeholders_are_all_empty_are_left_out(tmp_path: Path) -> None:
    lines = "When: {{ at }}\nFrom: {{ address }}\nDevice: {{ device }}\n{{ address }}{{ device }}"
    write(tmp_path, "en/password_changed.txt", f"Subject: Changed\n\n{lines}\n")

    text = rendered(tmp_path, "password_changed", values=NOTICE).text

    assert text == "When: 2026-11-25\nFrom: 203.0.113.7\n203.0.113.7\n"


def test_files_with_windows_line_ends_and_a_byte_order_mark_are_accepted(tmp_path: Path) -> None:
    write(tmp_path, "de/verify_email.txt", b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())

    subject, text, _ = rendered(tmp_path, language="de")

    assert subject == "Welcome to Acme"
    assert "\r" not in text


def test_hidden_files_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, "..data/en/verify_email.txt", "nothing")
    write(tmp_path, "en/.verify_email.txt.swp", b"\xff")

    assert rendered(tmp_path) == render_mail("verify_email", "en", VALUES)


@pytest.mark.parametrize(
    ("place", "content", "problem"),
    [
        ("en/verify_email.txt", "Subject: A\n\nNo link", "{{ link }} is missing"),
        ("en/verify_email.html", "<p>No link</p>", "{{ link }} is missing"),
        ("en/mail_code.txt", "Subject: A\n\nNo code", "{{ code }} is missing"),
        (
            "en/verify_email.txt",
            f"{TEXT}{{{{ username }}}}",
            f"{{{{ username }}}} is unknown; known are {', '.join(OF_THIS_MAIL)}",
        ),
        ("en/verify_email.txt", TEXT.encode("utf-16"), "is not UTF-8"),
        ("en/verify_email.txt", "A\n\n{{ link }}", 'the first line must be "Subject: …"'),
        ("en/verify_email.txt", "Subject: \n\n{{ link }}", 'the first line must be "Subject: …"'),
        ("en/verify_email.txt", TEXT + "x" * 100_000, "is larger than 100000 bytes"),
    ],
)
def test_a_wrong_template_is_refused_with_one_line(
    tmp_path: Path, place: str, content: str | bytes, problem: str
) -> None:
    write(tmp_path, place, content)

    assert problem_of(tmp_path) == f"MAIL_TEMPLATES_DIR: {place}: {problem}"


@pytest.mark.parametrize(
    "code",
    [
        "{{ link.__class__ }}",
        "{{ link|attr('__class__') }}",
        "{{ 7 * 7 }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% for x in range(9) %}{% endfor %}",
        "{%- set x = 1 %}",
        "{{",
    ],
)
def test_expressions_and_statements_are_refused(tmp_path: Path, code: str) -> None:
    """A template cannot run code: it has names of values, and nothing else"""
    write(tmp_path, "en/verify_email.html", f'<a href="{{{{ link }}}}">{code}</a>')

    problem = problem_of(tmp_path)

    assert "only placeholders such as {{ brand }} are allowed" in problem
    assert code[:10] in problem


@pytest.mark.parametrize("place", ["en/verify_emial.txt", "en/base.html", "en/verify_email.md"])
def test_a_file_that_is_no_mail_is_refused(tmp_path: Path, place: str) -> None:
    write(tmp_path, place, TEXT)

    assert problem_of(tmp_path).startswith(f"MAIL_TEMPLATES_DIR: {place}: must be a .txt or .html")


@pytest.mark.parametrize("place", ["fr/verify_email.txt", "verify_email.txt"])
def test_a_file_outside_of_a_known_language_is_refused(tmp_path: Path, place: str) -> None:
    write(tmp_path, place, TEXT)

    name = place.partition("/")[0]
    assert problem_of(tmp_path) == (
        f"MAIL_TEMPLATES_DIR: {name} must be a directory named en or de"
    )


def test_a_notice_has_the_placeholders_of_all_notices() -> None:
    assert {"username", "at", "address", "device", "name"} <= placeholders_of("passkey_added")


def documented_placeholders() -> dict[str, set[str]]:
    _, _, table = DOCUMENT.partition("| mail | sent when | placeholders |")
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| (.*) \|$", table, re.MULTILINE)
    return {mail: set(re.findall(r"`(\w+)`", placeholders)) for mail, placeholders in rows}


def test_the_documentation_lists_the_placeholders_of_every_mail() -> None:
    mails = {file.stem for file in DIRECTORY.glob("*.txt")} - PARTS_OF_OTHERS

    assert documented_placeholders() == {
        mail: set(placeholders_of(mail)) - set(COMMON) for mail in mails
    }
    assert all(f"`{name}`" in DOCUMENT for name in COMMON)


def test_the_templates_of_the_documentation_are_accepted(tmp_path: Path) -> None:
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", DOCUMENT, re.MULTILINE)
    text, page = (
        next(block for block in map(dedent, blocks) if block.strip().startswith(begin)).strip()
        for begin in ("Subject:", "<!doctype html>")
    )
    write(tmp_path, "en/verify_email.txt", text)
    write(tmp_path, "en/verify_email.html", page)

    mail = rendered(tmp_path)

    assert mail.subject == "Welcome to Acme"
    assert "confirm that ada@example.com is yours" in mail.text
    assert "background: #ffcc00; color: #000000" in mail.html
