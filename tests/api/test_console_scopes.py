"""The catalogue of scopes in the console."""

import html
import re

import pytest
import pytest_asyncio

from app.models.oauth.scopes import Scope
from app.schemas.scopes import ScopeBody
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import new_scope
from tests.support.application import Application
from tests.support.console import administrator_in, told
from tests.support.parts import services_of
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
PATH = "/admin/scopes"
SENTENCE = "Read your reports"
GERMAN = "Ihre Berichte lesen"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


async def stored(app: Application, name: str = "reports") -> Scope:
    return await services_of(app).oauth.scopes.get(name)


async def test_a_scope_is_added_with_its_sentence_and_a_translation(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    empty = await visitor.get(PATH)

    page = await visitor.submit(
        await visitor.get(f"{PATH}/+new"),
        name="reports",
        description=SENTENCE,
        **{"translation.de": GERMAN},
    )
    shown, listed = await visitor.follow(page), await visitor.get(PATH)

    assert "Scopes appear here. Add one" in told(empty)
    assert page.headers["location"] == f"{PATH}/reports?done=created"
    assert (await stored(app)).texts == {"de": GERMAN}
    assert SENTENCE in told(shown)
    assert GERMAN in told(shown)
    assert f"reports {SENTENCE} de" in told(listed)


@pytest.mark.parametrize(
    "name",
    [
        *("https://api.example.com/reports.read", "api://reports/.default", "..", "%2e%2e"),
        *("a/edit", "?x=#y", "~", "+new", "_", "reports:read"),
    ],
)
async def test_a_scope_of_any_name_has_pages(app: Application, visitor: Visitor, name: str) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    created = await visitor.submit(form, name=name, description=SENTENCE)
    shown = await visitor.follow(created)
    edit = re.search(r'href="(/admin/scopes/[^"]+/edit)"', shown.text)
    assert edit is not None
    edited = await visitor.submit(await visitor.get(html.unescape(edit[1])), description="Changed")
    listed = await visitor.get(PATH)

    assert "Created." in told(shown)
    assert name in told(shown)
    assert f'href="{shown.url.path}"' in listed.text
    assert edited.status_code == 303
    assert (await stored(app, name)).description == "Changed"


async def test_a_sign_in_continues_at_a_scope_with_the_name_of_a_url(
    app: Application, visitor: Visitor
) -> None:
    await new_scope(app, "https://api.example.com/reports")
    user = await administrator_in(visitor)
    page = await visitor.get(PATH)
    url = re.search(r'href="(/admin/scopes/\+[\w-]{9,})"', page.text)
    assert url is not None
    app.clock.advance(seconds=FRESH_SECONDS)

    again = await visitor.get(f"{url[1]}/delete")
    confirm = await visitor.sign_in(await visitor.follow(again), user)
    deleted = await visitor.follow(await visitor.submit(confirm))

    assert again.headers["location"].startswith("/login?next=admin%2Fscopes%2F%2B")
    assert confirm.url.path == f"{url[1]}/delete"
    assert "Deleted." in told(deleted)
    assert await services_of(app).oauth.scopes.list_all() == []


@pytest.mark.parametrize(
    "place", ["missing", "+", "+AAA", "+!", "+_w", "+cmVwb3J0cw/edit", "missing/delete"]
)
async def test_a_scope_that_the_catalogue_lacks_is_not_found(visitor: Visitor, place: str) -> None:
    await administrator_in(visitor)

    page = await visitor.get(f"{PATH}/{place}")

    assert page.status_code == 404
    assert "The catalogue has no scope with that name" in told(page)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "Enter 1 to 128 characters"),
        ("name", "two words", "Enter 1 to 128 characters"),
        ("name", "openid", "This name is reserved"),
        ("name", "users:read", "This name is reserved"),
        ("name", "taken", "The catalogue already has a scope with this name."),
        ("description", "", "Enter a sentence of 1 to 200 characters."),
        ("description", "x" * 201, "Enter a sentence of 1 to 200 characters."),
        ("translation.de", "x" * 201, "Enter a sentence of 1 to 200 characters."),
        ("translation.de", "\u202eabc", "Enter a sentence of 1 to 200 characters."),
    ],
)
async def test_a_value_that_is_not_allowed_is_reported_beside_its_field(
    app: Application, visitor: Visitor, field: str, value: str, message: str
) -> None:
    await new_scope(app, "taken")
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    page = await visitor.submit(
        form, **{"name": "reports", "description": SENTENCE, "translation.de": GERMAN, field: value}
    )

    assert page.status_code in (400, 409, 422)
    assert f'id="{field}-error">{message}' in page.text
    assert [scope.name for scope in await services_of(app).oauth.scopes.list_all()] == ["taken"]


async def test_an_edit_replaces_the_sentences_and_keeps_the_name(
    app: Application, visitor: Visitor
) -> None:
    """A translation into a language that the pages do not have is not lost."""
    await new_scope(app, "reports", translations={"de": GERMAN, "fr": "Lire vos rapports"})
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/reports/edit")

    saved = await visitor.follow(
        await visitor.submit(form, description="See your reports", **{"translation.de": ""})
    )

    scope = await stored(app)
    assert "Your changes have been saved." in told(saved)
    assert scope.description == "See your reports"
    assert scope.texts == {"fr": "Lire vos rapports"}


async def test_a_form_of_an_outdated_version_overwrites_nothing_and_shows_the_difference(
    app: Application, visitor: Visitor
) -> None:
    await new_scope(app, "reports", translations={"de": GERMAN})
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/reports/edit")
    deletion = await visitor.get(f"{PATH}/reports/delete")
    body = ScopeBody(name="reports", description="Theirs")
    await services_of(app).oauth.scopes.change("reports", body, authority=FULL)

    refused = await visitor.submit(form, description="Mine")
    not_deleted = await visitor.submit(deletion)
    unchanged = await stored(app)
    saved = await visitor.submit(refused, description="Mine")

    assert (refused.status_code, not_deleted.status_code) == (409, 409)
    assert "Changed in the meantime to: Theirs" in told(refused)
    assert 'id="translation.de-error">Cleared in the meantime.' in refused.text
    assert unchanged.description == "Theirs"
    assert saved.status_code == 303
    assert (await stored(app)).description == "Mine"


async def test_an_auditor_reads_the_catalogue_without_being_offered_changes(
    app: Application, visitor: Visitor
) -> None:
    await new_scope(app, "reports")
    await administrator_in(visitor, "auditor")

    for path in (PATH, f"{PATH}/reports"):
        page = await visitor.get(path)
        assert SENTENCE in told(page)
        assert "<form" not in page.text
        assert "+new" not in page.text
        assert "/edit" not in page.text
