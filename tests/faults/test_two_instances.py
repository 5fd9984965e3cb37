"""Two instances on one database: they share nothing else, and of two that race one wins."""

import asyncio
from itertools import cycle, islice
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.databases import Databases

pytestmark = pytest.mark.timing

Pair = tuple[Application, Application]


@pytest_asyncio.fixture
async def instances(start_app: AppFactory, databases: Databases, database_kind: str) -> Pair:
    url = await databases.migrated(database_kind)
    first = await start_app(database_url=url)
    second = await start_app(database_url=url)
    second.clock._now = first.clock.now()
    return first, second


@pytest_asyncio.fixture
async def machine(instances: Pair) -> TestClient:
    return await instances[0].create_client()


@pytest_asyncio.fixture
async def person(instances: Pair) -> TestUser:
    return await instances[0].enrolled_user()


async def test_tokens_and_revocations_of_one_instance_are_visible_to_the_other(
    instances: Pair, machine: TestClient, person: TestUser
) -> None:
    first, second = instances

    pair = (await first.password_grant(machine, person)).json()

    assert await second.is_active(machine, pair["access_token"])
    await second.revoke(machine, pair["refresh_token"])
    assert not await first.is_active(machine, pair["access_token"])


async def test_thirty_concurrent_refreshes_at_two_instances_return_the_same_pair(
    instances: Pair, machine: TestClient, person: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    first = (await instances[0].password_grant(machine, person)).json()

    answers = await asyncio.gather(
        *(
            instance.refresh(machine, first["refresh_token"])
            for instance in islice(cycle(instances), 30)
        )
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    pair = answers[0].json()
    for instance in instances:
        assert await instance.is_active(machine, pair["access_token"])
    assert (await instances[1].refresh(machine, pair["refresh_token"])).status_code == 200


async def test_thirty_replays_after_the_grace_window_revoke_the_whole_family(
    instances: Pair, machine: TestClient, person: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    first = (await instances[0].password_grant(machine, person)).json()
    second = (await instances[1].refresh(machine, first["refresh_token"])).json()
    for instance in instances:
        instance.clock.advance(seconds=31)

    answers = await asyncio.gather(
        *(
            instance.refresh(machine, first["refresh_token"])
            for instance in islice(cycle(instances), 30)
        )
    )

    assert {answer.status_code for answer in answers} == {400}
    assert not await instances[0].is_active(machine, second["access_token"])
    assert (await instances[1].refresh(machine, second["refresh_token"])).status_code == 400


async def test_a_code_sent_thirty_times_to_two_instances_is_accepted_once(instances: Pair) -> None:
    """SECURITY_BAR row 16; RFC 6238 section 5.2"""
    user = await instances[0].register()
    code = instances[0].code(user)

    answers = await asyncio.gather(
        *(instance.verify_otp(user.username, code) for instance in islice(cycle(instances), 30))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 29


async def test_a_code_signs_in_once_at_two_instances_if_every_login_requires_one(
    start_app: AppFactory, databases: Databases, database_kind: str
) -> None:
    """SECURITY_BAR rows 10 and 16"""
    url = await databases.migrated(database_kind)
    pair = [
        await start_app(database_url=url, otp_policy="every_login", code_limit=100)
        for _ in range(2)
    ]
    pair[1].clock._now = pair[0].clock.now()
    client, user = await pair[0].create_client(), await pair[0].enrolled_user()
    for instance in pair:
        instance.clock.advance(seconds=60)
    code = pair[0].code(user)

    answers = await asyncio.gather(
        *(instance.password_grant(client, user, otp=code) for instance in islice(cycle(pair), 10))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9


async def test_concurrent_registrations_of_a_username_at_two_instances_create_one_user(
    instances: Pair,
) -> None:
    """SECURITY_BAR row 22"""
    body = {"username": instances[0].new_name(), "password": "correct horse battery"}

    answers = await asyncio.gather(
        *(
            instance.http.post("/register_user", json=body)
            for instance in islice(cycle(instances), 10)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


async def test_a_revocation_racing_with_rotations_leaves_no_active_token(
    instances: Pair, machine: TestClient, person: TestUser
) -> None:
    """SECURITY_BAR row 9; RFC 7009 section 2.1"""
    first, second = instances
    for _ in range(10):
        pair = (await first.password_grant(machine, person)).json()

        refreshed, _, again = await asyncio.gather(
            first.refresh(machine, pair["refresh_token"]),
            second.revoke(machine, pair["refresh_token"]),
            second.refresh(machine, pair["refresh_token"]),
        )

        known = [pair, *(answer.json() for answer in (refreshed, again) if answer.is_success)]
        assert not await anything_lives(first, machine, known)


async def test_a_replay_racing_with_the_use_of_its_successor_leaves_no_active_token(
    instances: Pair, machine: TestClient, person: TestUser
) -> None:
    """SECURITY_BAR row 9; RFC 9700 section 4.14.2"""
    first, second = instances
    for _ in range(10):
        stolen = (await first.password_grant(machine, person)).json()
        current = (await first.refresh(machine, stolen["refresh_token"])).json()
        for instance in instances:
            instance.clock.advance(seconds=31)

        refreshed, replay = await asyncio.gather(
            first.refresh(machine, current["refresh_token"]),
            second.refresh(machine, stolen["refresh_token"]),
        )

        known = [stolen, current, *([refreshed.json()] if refreshed.is_success else [])]
        assert replay.status_code == 400
        assert not await anything_lives(second, machine, known)


async def anything_lives(
    instance: Application, client: TestClient, pairs: list[dict[str, Any]]
) -> bool:
    tokens = [pair[kind] for pair in pairs for kind in ("access_token", "refresh_token")]
    return any([await instance.is_active(client, token) for token in tokens])
