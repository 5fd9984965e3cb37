"""PostgreSQL, and somebody else's locks: transactions that they hold up keep no connection."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.oauth.granted_resources import GrantedResources
from tests.conftest import AppFactory
from tests.protocol.registering import body_of, manage, registered
from tests.support.administration import set_user_disabled
from tests.support.application import NO_LIMITS, Application
from tests.support.assertions import assert_oauth_error
from tests.support.locks import holding
from tests.support.machine import scaled
from tests.support.parts import services_of
from tests.support.waiting import within

pytestmark = pytest.mark.timing

DATABASES = ("postgresql",)
AT_ONCE = 1.0
"""Seconds within which an idle machine answers what no lock holds up."""
FOR_ALL = 3.0
"""Seconds for many transactions, one after the other."""
SEVERAL = 50
USER = "SELECT 1 FROM users WHERE user_id = $1 FOR UPDATE"
CLIENT = "SELECT 1 FROM clients WHERE client_id = $1 FOR UPDATE"
HEAD = "SELECT 1 FROM audit_head FOR UPDATE"


class Scene(NamedTuple):
    app: Application
    user: User
    client: Client
    registration: dict[str, Any]

    @property
    def url(self) -> str:
        return self.app.settings.database_url

    async def consent(self) -> None:
        """A transaction that begins with the row of the user."""
        await services_of(self.app).clients.consents.grant(
            self.user,
            self.client,
            frozenset({"profile"}),
            resources=GrantedResources(),
            detail_types=(),
        )

    async def enable(self) -> None:
        """A change of one row, with its event."""
        await set_user_disabled(services_of(self.app), self.user.username, disabled=False)

    async def register_again(self) -> None:
        """An update of a registration, which is 409 where another was first."""
        answer = await manage(
            self.app,
            "PUT",
            self.registration,
            body_of(self.registration, client_name="Another name"),
        )
        assert answer.status_code in (200, 409), answer.text


async def scene(start_app: AppFactory, *, database_timeout: float = 60) -> Scene:
    """A server whose database may take so long that waiting for a lock is told from going on."""
    app = await start_app(**NO_LIMITS, database_timeout=database_timeout)
    services = services_of(app)
    registration = await registered(app)
    await app.http.get("/login")  # what is imported at first use takes its time
    user = await services.accounts.users.get((await app.enrolled_user()).username)
    client = await services.clients.clients.get(registration["client_id"])
    return Scene(app, user, client, registration)


def started(
    *works: Callable[[], Awaitable[Any]], times: int = SEVERAL
) -> list["asyncio.Task[Any]"]:
    async def run(work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()

    return [asyncio.create_task(run(work)) for work in works for _ in range(times)]


async def done_within(seconds: float, tasks: list["asyncio.Task[Any]"]) -> list[Any]:
    async with within(seconds):
        return await asyncio.gather(*tasks)


async def others_at_once(app: Application) -> set[int]:
    """What nothing holds up: transactions, reads, batches."""
    answers = await done_within(
        AT_ONCE,
        started(app.create_client, times=6) + started(lambda: app.http.get("/login"), times=20),
    )
    return {answer.status_code for answer in answers[6:]}


async def test_many_requests_for_locked_rows_do_not_block_other_requests(
    start_app: AppFactory,
) -> None:
    at = await scene(start_app)

    async with (
        holding(at.url, USER, at.user.user_id),
        holding(at.url, CLIENT, at.client.client_id),
        holding(at.url, HEAD),
    ):
        waiting = started(at.consent, at.enable, at.register_again)
        await asyncio.sleep(0)
        statuses = await others_at_once(at.app)
        await asyncio.sleep(0.5)
        later = await others_at_once(at.app)
        are_waiting = not any(each.done() for each in waiting)

    assert statuses == later == {200}
    assert are_waiting
    await done_within(FOR_ALL, waiting)


async def test_a_released_row_is_processed_promptly_while_other_rows_are_still_locked(
    start_app: AppFactory,
) -> None:
    at = await scene(start_app)

    async with holding(at.url, USER, at.user.user_id):
        locked = started(at.consent)
        async with holding(at.url, CLIENT, at.client.client_id):
            freed = started(at.register_again, times=1)
            await asyncio.sleep(0.3)
            assert not any(each.done() for each in (*locked, *freed))
        await done_within(AT_ONCE, freed)
        assert not any(each.done() for each in locked)

    await done_within(FOR_ALL, locked)  # none may be left with a connection of the old pool


async def test_a_locked_row_causes_a_503_at_the_deadline_and_changes_nothing(
    start_app: AppFactory,
) -> None:
    at = await scene(start_app, database_timeout=scaled(1))

    async with holding(at.url, CLIENT, at.client.client_id):
        changed = {**body_of(at.registration), "client_name": "Another name"}
        refused = await manage(at.app, "PUT", at.registration, changed)
    stored = await services_of(at.app).clients.clients.get(at.client.client_id)

    assert_oauth_error(refused, "temporarily_unavailable", status=503)
    assert stored == at.client


async def test_an_unreadable_table_does_not_block_readers_of_other_tables(
    start_app: AppFactory,
) -> None:
    at = await scene(start_app)

    async with holding(at.url, "LOCK TABLE consents IN ACCESS EXCLUSIVE MODE"):
        reading = started(lambda: services_of(at.app).clients.consents.list_of(at.user), at.consent)
        await asyncio.sleep(0)
        statuses = await others_at_once(at.app)
        await asyncio.sleep(0.3)
        later = await others_at_once(at.app)

    assert statuses == later == {200}
    await done_within(FOR_ALL, reading)
