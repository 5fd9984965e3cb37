"""How often introspection of a JWT, a token request with DPoP and a token exchange wait for the
database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from app.oauth.exchange.token_types import ACCESS_TOKEN
from tests.protocol.exchanges import new_fleet
from tests.protocol.jwt_resources import SCOPE, Api, jwt_api, own_token
from tests.support.application import Application, TestClient, running_application
from tests.support.background import suspend_loops
from tests.support.databases import Databases
from tests.support.dpop import Prover, prover
from tests.support.parts import services_of
from tests.support.round_trips import RoundTrips, counting_proxy, counting_threads

pytestmark = pytest.mark.both_databases

Request = Callable[[], Awaitable[Any]]

INTROSPECTION = {"postgresql": 2, "sqlite": 0}
"""The client; the state of the token. In SQLite, the event loop itself looks up what it has in
memory or can read at once."""
TOKEN_WITH_PROOF = {
    ("postgresql", "opaque"): 6,
    ("postgresql", "jwt"): 5,
    ("sqlite", "opaque"): 1,
    ("sqlite", "jwt"): 1,
}
"""In PostgreSQL the client, and a transaction that stores the proof, the token unless it is a JWT,
and reads which caller used the proof."""
EXCHANGE = {"postgresql": 5, "sqlite": 1}
"""In PostgreSQL the client, the subject token, the actor token, the user, and one statement that
stores the token with its family and its audit event."""
WARM_UP = 5


@asynccontextmanager
async def counted(
    databases: Databases, database_kind: str
) -> AsyncIterator[tuple[Application, RoundTrips]]:
    url = await databases.migrated(database_kind)
    if database_kind == "sqlite":
        with counting_threads() as trips:
            async with running_application(url) as app:
                yield app, trips
        return
    async with counting_proxy(url) as (trips, through), running_application(through) as app:
        yield app, trips


async def count(app: Application, trips: RoundTrips, request: Request) -> int:
    """Count the round trips of a request that is not the first of its kind."""
    suspend_loops(services_of(app))
    for _ in range(WARM_UP):
        await request()
    trips.forget()
    await request()
    return len(trips)


async def introspect(app: Application, api: Api, token: str) -> None:
    assert (await app.introspect(api.server, token))["active"]


async def request_token(key: Prover, client: TestClient, **form: str) -> None:
    response = await key.client_credentials(client, **form)
    assert response.status_code == 200, response.text
    assert response.json()["token_type"] == "DPoP"


async def test_introspection_of_a_jwt_takes_a_fixed_number_of_round_trips(
    databases: Databases, database_kind: str
) -> None:
    """Issue Machines, item 3: one batched look-up beside that of the client"""
    async with counted(databases, database_kind) as (app, trips):
        api, user = await jwt_api(app), await app.enrolled_user()
        service = await app.create_client(scope=SCOPE)
        answer = await app.password_grant(service, user, resource=api.identifier)
        tokens = [await own_token(app, service, api), answer.json()["access_token"]]
        for token in tokens:
            number = await count(app, trips, partial(introspect, app, api, token))
            assert number == INTROSPECTION[database_kind], str(trips)


async def test_introspection_of_another_jwt_each_time_takes_no_more(
    databases: Databases, database_kind: str
) -> None:
    """None of them is in memory"""
    async with counted(databases, database_kind) as (app, trips):
        api, service = await jwt_api(app), await app.create_client(scope=SCOPE)
        tokens = [await own_token(app, service, api) for _ in range(WARM_UP + 1)]

        async def introspect_next() -> None:
            await introspect(app, api, tokens.pop())

        number = await count(app, trips, introspect_next)

    assert number == INTROSPECTION[database_kind], str(trips)


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
async def test_a_token_request_with_a_proof_takes_a_fixed_number_of_round_trips(
    databases: Databases, database_kind: str, token_format: str
) -> None:
    """Issue Machines, item 5: the proof is the only insert, or in the batch of the token's"""
    async with counted(databases, database_kind) as (app, trips):
        key, service = prover(app), await app.create_client(scope=SCOPE)
        form = {}
        if token_format == "jwt":
            form["resource"] = (await jwt_api(app)).identifier
        number = await count(app, trips, partial(request_token, key, service, **form))

    assert number == TOKEN_WITH_PROOF[database_kind, token_format], str(trips)


async def test_a_token_exchange_takes_a_fixed_number_of_round_trips(
    databases: Databases, database_kind: str
) -> None:
    async with counted(databases, database_kind) as (app, trips):
        fleet = await new_fleet(app, await app.enrolled_user())
        subject, actor = await fleet.subject(), await fleet.front.own_token()

        async def exchange() -> None:
            response = await fleet.front.exchange(
                subject,
                resource=fleet.middle.identifier,
                actor_token=actor,
                actor_token_type=ACCESS_TOKEN,
            )
            assert response.status_code == 200, response.text

        number = await count(app, trips, exchange)

    assert number == EXCHANGE[database_kind], str(trips)
