"""What is checked for a person is not stored for who became another, or nobody, meanwhile."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.models.clients.consents import consents
from app.repositories.clients.consents import ConsentRepository
from app.repositories.factors.passkeys import PasskeyRepository
from app.repositories.federation.identity_providers import IdentityProviderRepository
from tests.support.account import stored
from tests.support.administration import reset_password
from tests.support.application import Application, TestClient, TestUser
from tests.support.identity_provider import Provider, account_made_by, linking, signed_in_by
from tests.support.parts import services_of
from tests.support.passkeys import MINE, Passkey, give, options_from, sign_in_with
from tests.support.visitor import Visitor, text_of

pytestmark = pytest.mark.both_databases


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/account")).status_code == 200


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_a_passkey_is_not_stored_if_the_user_was_reset_or_deleted_concurrently(
    app: Application,
    owner: Visitor,
    stranger: Visitor,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_deleted: bool,
) -> None:
    """His password was reset, or he was deleted, between the reading and the writing."""
    services, add = services_of(app), PasskeyRepository.add
    person = await stored(app, user)

    async def overtaken(repository: PasskeyRepository, *rest: object, **named: object) -> object:
        if is_deleted:
            await services.accounts.account_data.delete(person, is_full=True)
        else:
            await reset_password(services, user.username, "a password of this moment")
        return await add(repository, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(PasskeyRepository, "add", overtaken)
    passkey, page = Passkey(), await owner.get(MINE)
    options = await options_from(owner, page, MINE)

    answer = await give(owner, page, MINE, passkey.create(options))

    assert not answer.headers.get("location", "").startswith(MINE)
    assert await services.factors.passkeys.count_of(person) == 0
    assert (await sign_in_with(stranger, passkey)).status_code == 400
    assert not await is_signed_in(stranger)
    events = await services.core.audit.list_of_user(person.user_id)
    assert "passkey.added" not in [each.action for each in events]


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_an_identity_is_not_linked_if_the_user_was_reset_or_deleted_concurrently(
    app: Application,
    owner: Visitor,
    stranger: Visitor,
    provider: Provider,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_deleted: bool,
) -> None:
    services, link = services_of(app), IdentityProviderRepository.link
    person, sub = await stored(app, user), app.new_name("sub")
    asked = await linking(owner, provider)
    provider.knows(asked, sub=sub)

    async def overtaken(
        repository: IdentityProviderRepository, *rest: object, **named: object
    ) -> object:
        if is_deleted:
            await services.accounts.account_data.delete(person, is_full=True)
        else:
            await reset_password(services, user.username, "a password of this moment")
        return await link(repository, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(IdentityProviderRepository, "link", overtaken)

    await owner.http.get(provider.callback(asked))

    assert await services.federation.identity_providers.list_of(person) == []
    events = await services.core.audit.list_of_user(person.user_id)
    assert "upstream.linked" not in [each.action for each in events]
    page = await signed_in_by(stranger, provider, sub=sub)
    assert "You don't have an account here yet" in text_of(page)


async def test_an_external_identity_can_register_an_account_after_the_deletion(
    app: Application,
    owner: Visitor,
    stranger: Visitor,
    provider: Provider,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing that is left of a deleted person holds an identity."""
    services, link = services_of(app), IdentityProviderRepository.link
    person, sub = await stored(app, user), app.new_name("sub")
    asked = await linking(owner, provider)
    provider.knows(asked, sub=sub)

    async def overtaken(
        repository: IdentityProviderRepository, *rest: object, **named: object
    ) -> object:
        await services.accounts.account_data.delete(person, is_full=True)
        return await link(repository, *rest, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(IdentityProviderRepository, "link", overtaken)
        await owner.http.get(provider.callback(asked))

    name = await account_made_by(stranger, provider, sub=sub)

    made = await services.accounts.users.get(name)
    assert len(await services.federation.identity_providers.list_of(made)) == 1


async def test_a_consent_granted_after_the_deletion_is_not_stored(
    app: Application,
    client: TestClient,
    owner: Visitor,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page of the consent was open while the account was deleted."""
    services, grant = services_of(app), ConsentRepository.grant
    person = await stored(app, user)
    page = await owner.authorize(client, scope="openid offline_access")
    assert 'action="/consent"' in page.text

    async def overtaken(repository: ConsentRepository, *rest: Any, **named: Any) -> bool:
        await services.accounts.account_data.delete(person, is_full=True)
        return await grant(repository, *rest, **named)

    monkeypatch.setattr(ConsentRepository, "grant", overtaken)

    answer = await owner.submit(page, to="/consent", decision="allow")

    kept = await services.core.database.fetch_one(
        select(func.count()).where(consents.c.user_id == person.user_id)
    )
    assert kept is not None
    assert kept[0] == 0
    assert answer.status_code == 303
    assert (await owner.follow(answer)).url.path == "/login"
