"""The catalogue of scopes: texts for the consent page, names for discovery."""

import asyncio
from typing import Any

import pytest

from app.errors import (
    ConflictError,
    DatabaseUnavailableError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
)
from app.models.oauth.scopes import Scope
from app.oauth.scopes import SCOPES
from app.repositories.oauth.scopes import ScopeRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.scopes import ScopeBody
from app.services.oauth.scope_catalogue import CACHED_FOR
from app.services.operations.authority import FULL, OF_AUDITOR
from tests.protocol.devices import device_client, question, start_device
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of

SENTENCE = "See your <invoices>"
GERMAN = "Ihre Rechnungen ansehen"


async def described(app: Application, name: str = "", **values: Any) -> Scope:
    body = ScopeBody.model_validate(
        {"name": name or app.new_name("invoices"), "description": SENTENCE, **values}
    )
    scope = await services_of(app).oauth.scopes.create(body, authority=FULL)
    app.clock.advance(seconds=CACHED_FOR.seconds + 1)
    return scope


async def discovered(app: Application) -> list[str]:
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()
    scopes: list[str] = metadata["scopes_supported"]
    return scopes


async def test_the_consent_page_shows_the_sentence_in_the_language_of_the_user(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    scope = await described(app, translations={"de": GERMAN})
    client = await app.create_client(scope=f"openid {scope.name}")

    page = await visitor.authorize(client, scope=f"openid {scope.name}")
    english = await visitor.sign_in(page, user)
    german = await visitor.authorize(client, scope=f"openid {scope.name}", ui_locales="de")

    assert SENTENCE in text_of(english)
    assert "<invoices>" not in english.text
    assert GERMAN in text_of(german)


async def test_a_scope_without_a_translation_has_its_description(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    scope = await described(app, translations={"fr": "Vos factures"})
    client = await app.create_client(scope=scope.name)

    await visitor.sign_in(await visitor.get("/login"), user)
    page = await visitor.authorize(client, scope=scope.name, ui_locales="de")

    assert SENTENCE in text_of(page)


async def test_the_page_of_a_device_shows_the_sentence(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    scope = await described(app)
    client = await device_client(app, scope=f"openid {scope.name}")
    device = await start_device(app, client, scope=scope.name)

    assert SENTENCE in text_of(await question(visitor, device, user))


async def test_the_account_page_shows_the_sentence(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    scope = await described(app)
    client = await app.create_client(scope=f"openid {scope.name}")
    await visitor.tokens_for(client, user, scope=f"openid {scope.name}")

    assert SENTENCE in text_of(await visitor.get("/account"))


async def test_discovery_lists_the_catalogue_after_the_standard_scopes(app: Application) -> None:
    """RFC 8414 section 2: scopes_supported"""
    scope = await described(app)

    scopes = await discovered(app)

    assert scopes[: len(SCOPES)] == list(SCOPES)
    assert scope.name in scopes[len(SCOPES) :]


async def test_discovery_does_not_depend_on_the_database(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last catalogue is used, and read again when that is possible"""
    scope = await described(app)
    assert scope.name in await discovered(app)

    async def fail(*_: object) -> None:
        raise DatabaseUnavailableError

    app.clock.advance(seconds=CACHED_FOR.seconds + 1)
    with monkeypatch.context() as away:
        away.setattr(ScopeRepository, "list_all", fail)
        assert scope.name in await discovered(app)
        assert scope.name in await discovered(app)
    await services_of(app).oauth.scopes.delete(scope.name, authority=FULL)
    app.clock.advance(seconds=2)

    assert scope.name not in await discovered(app)


async def test_the_catalogue_is_read_once_in_some_seconds(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = ScopeRepository.list_all

    async def counted(repository: ScopeRepository) -> object:
        reads.append(repository)
        return await read(repository)

    monkeypatch.setattr(ScopeRepository, "list_all", counted)
    app.clock.advance(seconds=CACHED_FOR.seconds + 1)

    for _ in range(3):
        await asyncio.gather(*(discovered(app) for _ in range(5)))

    assert len(reads) == 1


async def test_a_change_is_seen_within_seconds(app: Application) -> None:
    scope = await described(app)
    assert scope.name in await discovered(app)

    await services_of(app).oauth.scopes.delete(scope.name, authority=FULL)
    app.clock.advance(seconds=CACHED_FOR.seconds + 1)

    assert scope.name not in await discovered(app)


async def test_a_scope_that_the_catalogue_has_not_is_registered_and_issued_as_before(
    app: Application,
) -> None:
    scope = await described(app)
    client = await app.create_client(scope=f"{scope.name} other")
    await services_of(app).oauth.scopes.delete(scope.name, authority=FULL)

    tokens = (await app.client_credentials(client)).json()

    assert tokens["scope"] == f"{scope.name} other"


@pytest.mark.parametrize("name", ["openid", "groups", *AdminScope])
async def test_a_name_with_a_meaning_of_its_own_is_refused(app: Application, name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await described(app, name)

    assert (refused.value.field, refused.value.error_code) == ("name", "scope_name_reserved")


async def test_changes_are_versioned_and_recorded(app: Application) -> None:
    scopes, scope = services_of(app).oauth.scopes, await described(app)
    body = ScopeBody(name=scope.name, description="Pay your invoices")

    changed = await scopes.change(scope.name, body, version=1, authority=FULL)
    same = await scopes.change(scope.name, body, version=2, authority=FULL)
    with pytest.raises(StaleVersionError):
        await scopes.change(scope.name, body, version=1, authority=FULL)
    with pytest.raises(StaleVersionError):
        await scopes.delete(scope.name, version=1, authority=FULL)
    with pytest.raises(ConflictError):
        await described(app, scope.name)
    with pytest.raises(InvalidInputError):
        await scopes.change(scope.name, body.model_copy(update={"name": "x"}), authority=FULL)
    await scopes.delete(scope.name, version=2, authority=FULL)

    assert (changed.version, same.version) == (2, 2)
    with pytest.raises(NotFoundError):
        await scopes.get(scope.name)
    events = [each async for each in services_of(app).core.audit.read_all()][-3:]
    assert [each.action for each in events] == ["scope.created", "scope.changed", "scope.deleted"]


async def test_an_auditor_changes_no_scope(app: Application) -> None:
    scopes, scope = services_of(app).oauth.scopes, await described(app)
    body = ScopeBody(name=scope.name, description="Pay your invoices")

    for change in (
        scopes.create(body, authority=OF_AUDITOR),
        scopes.change(scope.name, body, authority=OF_AUDITOR),
        scopes.delete(scope.name, authority=OF_AUDITOR),
    ):
        with pytest.raises(ForbiddenError):
            await change
    assert await scopes.get(scope.name) == scope
