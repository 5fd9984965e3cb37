"""Every text of the pages and mails is translatable, which a pseudo-locale shows."""

from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment

from app.i18n import languages, rendering
from app.i18n.languages import translations_of
from app.i18n.rendering import render_mail
from tests.browser.account_states import LONG
from tests.browser.gallery import drawn
from tests.browser.states import STATES
from tests.support.parts import settings_for
from tests.support.pseudo_locale import (
    PSEUDO,
    pseudo_locale,
    unmarked_in_page,
    unmarked_in_text,
)
from tests.support.pseudo_states import Messages, user_data_of

BRAND = "Postern"
NOT_TRANSLATED = {
    BRAND: "the name of the product",
    "XXXX-XXXX": "the form of a code that a device shows",
    "albums:read": "a scope of a client's own, which has no text",
    "otp.something_new": "an event that another release has written",
    LONG: "the user's name, as the state of the profile in the overview",
}
"""Texts of the states that are in the catalogue in no language, with the reason."""
SWAGGER_UI = {"Postern: try it": "the title of Swagger UI, which is in English"}
PARTS_OF_MAILS = {"base", "notice"}
MAILS = sorted({path.stem for path in rendering.DIRECTORY.glob("*.txt")} - PARTS_OF_MAILS)
BY_USER = {
    "address": "203.0.113.7",
    "at": "2026-11-25 09:41 UTC",
    "brand": BRAND,
    "code": "ABCD-EFGH",
    "device": "Chrome, Linux",
    "email": "ada@example.com",
    "issuer": "https://id.example.com",
    "label": "The Company",
    "left": "8",
    "link": "https://id.example.com/recover/new?link=x",
    "name": "Telephone",
    "username": "ada",
}
BY_OPERATOR = {**BY_USER, "by_operator": "yes", "device": ""}
SETTINGS = settings_for("sqlite:///./never-opened.db")


@pytest.fixture(scope="module", autouse=True)
def translated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pseudo_locale(tmp_path_factory.mktemp("translations")):
        yield


@pytest.fixture(scope="module")
def messages(translated: None) -> Messages:
    path = languages.DIRECTORY / PSEUDO / "LC_MESSAGES" / "postern.po"
    with path.open("rb") as file:
        return Messages([str(each.id) for each in read_po(file) if isinstance(each.id, str)])


@pytest.mark.parametrize("state", STATES)
def test_each_text_of_a_page_is_translated(state: str, messages: Messages) -> None:
    template, values = STATES[state]

    response = drawn(template, messages.translated_values(values), SETTINGS, language=PSEUDO)

    assert response.headers["content-language"] == PSEUDO
    known = {*NOT_TRANSLATED, *user_data_of(values)}
    known |= {f"{each} \N{EN DASH} {BRAND}" for each in known}  # the titles of objects
    assert unmarked_in_page(bytes(response.body).decode(), known=known) == []


@pytest.mark.parametrize("template", ["docs.html", "docs_redirect.html"])
def test_each_text_around_swagger_ui_is_translated(template: str) -> None:
    page = bytes(drawn(template, {}, SETTINGS, language=PSEUDO).body).decode()

    assert unmarked_in_page(page, known={*NOT_TRANSLATED, *SWAGGER_UI}) == []


@pytest.mark.parametrize("values", [BY_USER, BY_OPERATOR], ids=["by user", "by operator"])
@pytest.mark.parametrize("name", MAILS)
def test_each_text_of_a_mail_is_translated(name: str, values: dict[str, str]) -> None:
    mail = render_mail(name, PSEUDO, values)

    assert unmarked_in_text(mail.subject, known=[BRAND]) == []
    assert unmarked_in_text(mail.text, known=values.values()) == []
    assert unmarked_in_page(mail.html, known=values.values()) == []


@pytest.mark.parametrize(
    ("template", "unmarked"),
    [
        ("<p>Sign out</p>", ["Sign out"]),
        ("<p>{% trans %}Sign out{% endtrans %} here</p>", ["here"]),
        ("<p>{{ name }}: sign out</p>", ["Ada: sign out"]),
        ('<img src="x" alt="A picture">', ["A picture"]),
        ('<input placeholder="Username">', ["Username"]),
        ('<b title="More">{% trans %}Sign out{% endtrans %}</b>', ["More"]),
        ('<button data-other="Hide">{% trans %}Show{% endtrans %}</button>', ["Hide"]),
        ("<p>{% trans %}Missing in the catalogue{% endtrans %}</p>", ["Missing in the catalogue"]),
        ("<p>{{ name }} · <code>token</code> · 2</p>", []),
        ("<p>{% trans name=name %}Sign in to {{ name }}{% endtrans %}</p>", []),
        ("<p>{% trans day=markup %}Last used on {{ day }}{% endtrans %}</p>", []),
    ],
)
def test_a_text_that_is_not_translatable_is_found(template: str, unmarked: list[str]) -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"])
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # the extension adds it
        translations_of(PSEUDO), newstyle=True
    )

    page = environment.from_string(template).render(name="Ada", markup="<b>Monday</b>")

    assert unmarked_in_page(page, known=["Ada"]) == unmarked
