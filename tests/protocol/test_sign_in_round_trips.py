"""How often a sign-in with the password grant waits for the database."""

import pytest

from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.background import suspend_loops
from tests.support.databases import Databases
from tests.support.parts import services_of
from tests.support.round_trips import RoundTrips, counting_proxy, counting_threads

pytestmark = pytest.mark.both_databases

ON_POSTGRESQL = 6
"""Client, user, what the limits know, the same after the hash, audit event, tokens."""
ON_SQLITE = 2
"""The audit event, tokens."""


async def warmed_up(app: Application) -> tuple[TestClient, TestUser]:
    """From a known network, with every statement prepared and every connection open."""
    client, user = await app.create_client(), await app.enrolled_user()
    for _ in range(5):
        assert (await app.password_grant(client, user)).status_code == 200
    return client, user


async def count(app: Application, trips: RoundTrips) -> int:
    suspend_loops(services_of(app))
    client, user = await warmed_up(app)
    trips.forget()
    answer = await app.password_grant(client, user)
    number = len(trips)
    assert answer.status_code == 200
    return number


async def test_a_sign_in_takes_a_fixed_number_of_round_trips_on_postgresql(
    databases: Databases,
) -> None:
    url = await databases.migrated("postgresql")
    async with counting_proxy(url) as (trips, through), running_application(through) as app:
        number = await count(app, trips)

    assert number == ON_POSTGRESQL, str(trips)


async def test_a_sign_in_uses_a_fixed_number_of_thread_calls_on_sqlite(
    databases: Databases,
) -> None:
    url = await databases.migrated("sqlite")
    with counting_threads() as trips:
        async with running_application(url) as app:
            number = await count(app, trips)

    assert number == ON_SQLITE, str(trips)
