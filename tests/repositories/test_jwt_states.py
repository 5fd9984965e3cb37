"""The state of JWT access tokens, which is found in one step for many callers at once."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from app.database.joined import joined_by
from app.repositories.oauth.jwt_states import JwtStateRepository
from app.security.tokens import new_identifier
from tests.repositories.conftest import NOW
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of


async def family_of(app: Application, client: TestClient, user: TestUser) -> str:
    """Sign a user in and return the id of the family."""
    await app.password_grant(client, user)
    row = await services_of(app).core.database.fetch_one(
        text("SELECT family_id FROM token_families WHERE client_id = :id").bindparams(
            id=client.client_id
        )
    )
    assert row is not None
    return str(row[0])


async def test_many_callers_find_the_states_of_their_own_tokens(
    app: Application, client: TestClient, user: TestUser
) -> None:
    states = JwtStateRepository(services_of(app).core.database)
    other_client = await app.create_client()
    family_id = await family_of(app, client, user)
    await states.deny("denied", expires_at=NOW + timedelta(hours=1))

    of_user, own, denied, denied_own, of_other, unknown, no_client = await asyncio.gather(
        states.find_valid("a", family_id=family_id, client_id=client.client_id),
        states.find_valid("b", family_id=None, client_id=client.client_id),
        states.find_valid("denied", family_id=family_id, client_id=client.client_id),
        states.find_valid("denied", family_id=None, client_id=client.client_id),
        states.find_valid("a", family_id=family_id, client_id=other_client.client_id),
        states.find_valid("a", family_id=new_identifier(), client_id=client.client_id),
        states.find_valid("a", family_id=None, client_id="unknown"),
    )

    assert of_user is not None
    assert own is not None
    assert (of_user.username, own.username) == (user.username, None)
    assert of_user.pairwise_salt
    assert own.user_id is None
    assert denied is denied_own is of_other is unknown is no_client is None


async def test_a_token_is_denied_once_and_for_all_callers(
    app: Application, client: TestClient
) -> None:
    states = JwtStateRepository(services_of(app).core.database)
    jti = new_identifier()

    await asyncio.gather(*(states.deny(jti, expires_at=NOW) for _ in range(5)))

    assert await states.find_valid(jti, family_id=None, client_id=client.client_id) is None


async def test_a_transaction_sees_what_it_has_changed(app: Application, client: TestClient) -> None:
    """A look-up inside a joined transaction goes by its connection"""
    database = services_of(app).core.database
    states = JwtStateRepository(database)
    disable = text("UPDATE clients SET disabled_at = created_at WHERE client_id = :id")

    async with database.transaction() as connection:
        with joined_by(connection):
            before = await states.find_valid("a", family_id=None, client_id=client.client_id)
            await connection.execute(disable.bindparams(id=client.client_id))
            after = await states.find_valid("a", family_id=None, client_id=client.client_id)

    assert before is not None
    assert after is None
