"""`postern users remove-passkeys`: for who lost the device they are on."""

import json

import pytest

from app.services.operations.audit import SUCCEEDED
from tests.cli.conftest import Postern
from tests.support.application import Application, TestClient, TestUser
from tests.support.logout import is_signed_in
from tests.support.parts import services_of
from tests.support.passkeys import enrol, sign_in_with
from tests.support.visitor import Visitor, visiting


@pytest.mark.slow
async def test_removed_passkeys_cannot_sign_in_and_the_user_is_signed_out(
    app: Application, postern: Postern, visitor: Visitor, user: TestUser, client: TestClient
) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)
    passkeys = [await enrol(visitor, name=name) for name in ("Phone", "Key")]
    database = app.settings.database_url

    result = await postern(
        "users", "remove-passkeys", "--json", user.username, DATABASE_URL=database
    )

    assert result.code == 0, result.errors
    assert sorted(json.loads(result.output)["removed"]) == ["Key", "Phone"]
    assert not await is_signed_in(visitor, client)
    async with visiting(app) as stranger:
        for each in passkeys:
            assert (await sign_in_with(stranger, each)).status_code == 400
    services = services_of(app)
    found = await services.core.audit.list_of_user(
        (await services.accounts.users.get(user.username)).user_id
    )
    removed = [each for each in found if each.action == "passkey.removed"]
    assert [each.outcome for each in removed] == [SUCCEEDED, SUCCEEDED]
    assert all(each.actor.startswith("operator:") for each in removed)


async def test_a_user_without_passkeys_remains_signed_in(
    app: Application, postern: Postern, visitor: Visitor, user: TestUser, client: TestClient
) -> None:
    await visitor.answer_for(client, user)

    result = await postern(
        "users", "remove-passkeys", user.username, DATABASE_URL=app.settings.database_url
    )

    assert result.output == "The user has no passkeys.\n"
    assert await is_signed_in(visitor, client)


async def test_an_unknown_user_is_an_error(app: Application, postern: Postern) -> None:
    result = await postern(
        "users", "remove-passkeys", "nobody", DATABASE_URL=app.settings.database_url
    )

    assert result.code != 0
    assert "no user with that name" in result.errors
