"""How often a device may ask (RFC 8628 section 3.5), also at two servers at once."""

import asyncio
from itertools import cycle, islice

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.devices import Device, decide, device_client, question, start_device
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases
from tests.support.visitor import Visitor, visiting

pytestmark = pytest.mark.both_databases

Pair = tuple[Application, Application]


@pytest_asyncio.fixture
async def instances(start_app: AppFactory, databases: Databases, database_kind: str) -> Pair:
    """Two servers that share a database and nothing else."""
    url = await databases.migrated(database_kind)
    first = await start_app(database_url=url)
    second = await start_app(database_url=url)
    second.clock._now = first.clock.now()
    return first, second


def at_each(device: Device, instances: Pair) -> tuple[Device, ...]:
    """One device that asks now here, now there."""
    return tuple(Device(each, device.client, device.answer) for each in instances)


async def errors_of(*devices: Device, times: int) -> list[str]:
    """What the device is told when it asks many times at once."""
    answers = await asyncio.gather(*(each.ask() for each in islice(cycle(devices), times)))
    return sorted(answer.json()["error"] for answer in answers)


async def test_only_one_of_many_concurrent_polls_is_not_slowed_down(app: Application) -> None:
    device = await start_device(app)

    errors = await errors_of(device, times=10)

    assert errors == ["authorization_pending"] + ["slow_down"] * 9


async def test_each_poll_that_is_too_early_increases_the_interval(app: Application) -> None:
    """Three at once are ten seconds more"""
    device = await start_device(app)
    await errors_of(device, times=3)

    app.clock.advance(seconds=14)
    too_soon = await device.ask()
    app.clock.advance(seconds=20)
    in_time = await device.ask()

    assert_oauth_error(too_soon, "slow_down")
    assert_oauth_error(in_time, "authorization_pending")


async def test_a_decision_is_returned_however_early_the_poll(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """`slow_down` means that nobody has decided yet"""
    allowed, denied = await start_device(app), await start_device(app)
    pages = [await question(visitor, device, user) for device in (allowed, denied)]
    for device in (allowed, denied):
        await errors_of(device, times=5)

    for page, decision in zip(pages, ("allow", "deny"), strict=True):
        await visitor.submit(page, to="/device/decision", decision=decision)

    assert (await allowed.ask()).status_code == 200
    assert_oauth_error(await denied.ask(), "access_denied")


async def test_two_servers_share_the_polling_interval(instances: Pair) -> None:
    """SECURITY_BAR row 7: no server forgets what the other one was asked"""
    devices = at_each(await start_device(instances[0]), instances)

    at_once = await errors_of(*devices, times=10)
    for instance in instances:
        instance.clock.advance(seconds=49)
    too_soon = await devices[1].ask()

    assert at_once == ["authorization_pending"] + ["slow_down"] * 9
    assert_oauth_error(too_soon, "slow_down")


@pytest.mark.slow
async def test_a_device_code_works_only_once_across_two_servers(instances: Pair) -> None:
    """SECURITY_BAR row 7"""
    first, _ = instances
    client = await device_client(first)
    devices = at_each(await start_device(first, client), instances)
    async with visiting(first) as person:
        await decide(person, devices[0], await first.enrolled_user())
    instances[1].clock._now = first.clock.now()

    answers = await asyncio.gather(*(each.ask() for each in islice(cycle(devices), 30)))

    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {each.json()["error"] for each in answers if each not in won} == {"invalid_grant"}
    assert (await instances[1].profile(won[0].json()["access_token"])).status_code == 200


async def test_only_one_of_concurrent_decisions_across_two_servers_is_accepted(
    instances: Pair,
) -> None:
    """SECURITY_BAR row 34"""
    first, second = instances
    device, user = await start_device(first), await first.enrolled_user()
    async with visiting(first) as here, visiting(second) as there:
        page = await question(here, device, user)
        there.http.cookies = here.http.cookies
        second.clock._now = first.clock.now()

        answers = await asyncio.gather(
            *(
                each.submit(page, to="/device/decision", decision=decision)
                for each, decision in islice(cycle([(here, "allow"), (there, "deny")]), 10)
            )
        )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
