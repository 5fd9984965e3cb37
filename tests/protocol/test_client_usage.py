"""When a client last got a token: collected by every grant, stored without any request waiting."""

import pytest

from app.errors import DatabaseUnavailableError
from app.repositories.clients.client_usage import ClientUsageRepository
from tests.protocol.devices import decide, device_client, start_device
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.visitor import Visitor


async def used_at(app: Application, client: TestClient) -> object:
    usage = services_of(app).clients.usage
    await usage.store()
    return (await usage.of_client(client.client_id)).last_token_at


async def test_every_grant_is_a_use(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    assert await used_at(app, client) is None
    tokens = (await app.password_grant(client, user)).json()
    assert await used_at(app, client) == app.clock.now()
    app.clock.advance(seconds=5)
    await app.refresh(client, tokens["refresh_token"])
    assert await used_at(app, client) == app.clock.now()
    app.clock.advance(seconds=5)
    await app.client_credentials(client)
    assert await used_at(app, client) == app.clock.now()
    app.clock.advance(seconds=5)
    await visitor.tokens_for(client, user)
    assert await used_at(app, client) == app.clock.now()


async def test_a_device_uses_its_client(app: Application, user: TestUser, visitor: Visitor) -> None:
    client = await device_client(app)
    device = await start_device(app, client)
    await decide(visitor, device, user)
    assert await used_at(app, client) is None

    await device.ask()

    assert await used_at(app, client) == app.clock.now()


async def test_a_refused_request_is_no_use(app: Application, client: TestClient) -> None:
    await app.client_credentials(client, scope="unknown")
    await app.refresh(client, "postern_rt_wrong")

    assert await used_at(app, client) is None


async def test_what_could_not_be_stored_is_stored_later(
    app: Application, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = services_of(app).clients.usage
    await app.client_credentials(client)

    async def fail(*_: object) -> None:
        raise DatabaseUnavailableError

    with monkeypatch.context() as away:
        away.setattr(ClientUsageRepository, "record", fail)
        with pytest.raises(DatabaseUnavailableError):
            await usage.store()
    at = app.clock.now()
    app.clock.advance(seconds=60)

    await usage.store()

    assert (await usage.of_client(client.client_id)).last_token_at == at
