"""Signing keys are replaced while people sign in (SECURITY_BAR, fault 11)."""

import asyncio
from itertools import count

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.databases import Databases
from tests.support.jwt import header_of, verified
from tests.support.parts import services_of

pytestmark = pytest.mark.timing

ALGORITHMS = ("RS256", "ES256", "EdDSA")
DAY = 86_400
Pair = tuple[Application, Application]


@pytest_asyncio.fixture
async def instances(start_app: AppFactory, databases: Databases, database_kind: str) -> Pair:
    url = await databases.migrated(database_kind)
    first = await start_app(database_url=url)
    second = await start_app(database_url=url)
    second.clock._now = first.clock.now()
    return first, second


def advance(instances: Pair, *, seconds: float) -> None:
    for instance in instances:
        instance.clock.advance(seconds=seconds)


async def sign_everywhere(instances: Pair, subject: str) -> list[str]:
    return await asyncio.gather(
        *(
            services_of(instance).oauth.signing_keys.sign({"sub": subject}, algorithm=algorithm)
            for instance in instances
            for algorithm in ALGORITHMS
        )
    )


async def kids(instance: Application) -> set[str]:
    return {key["kid"] for key in (await instance.http.get("/jwks")).json()["keys"]}


@pytest.mark.parametrize("rotations", [1, 3])
async def test_every_valid_token_verifies_throughout_key_rotations(
    instances: Pair, rotations: int
) -> None:
    """Whoever signed it, whoever is asked for the keys, at every moment of every rotation"""
    numbers = count()
    tokens: list[str] = []
    for _ in range(rotations):
        await asyncio.gather(
            *(
                services_of(instance).oauth.signing_keys.rotate(authority=FULL)
                for instance in instances
            ),
            sign_everywhere(instances, "while it happens"),
        )
        for seconds in (0, 9, 2, 48, 1, 11):
            advance(instances, seconds=seconds)

            new = await sign_everywhere(instances, f"number {next(numbers)}")

            tokens += new
            for token in new:
                for instance in instances:
                    await verified(instance, token)

    for token in tokens:
        for instance in instances:
            assert (await verified(instance, token))["sub"].startswith("number")


async def test_old_keys_are_removed_after_the_last_token_expires_at_every_instance(
    instances: Pair,
) -> None:
    old = {header_of(token)["kid"] for token in await sign_everywhere(instances, "somebody")}
    await services_of(instances[0]).oauth.signing_keys.rotate(authority=FULL)
    advance(instances, seconds=60)
    last = await sign_everywhere(instances, "somebody")

    advance(instances, seconds=3600 + DAY - 1)
    while_it_counts = [await kids(instance) for instance in instances]
    advance(instances, seconds=11)
    after = [await kids(instance) for instance in instances]

    new = {header_of(token)["kid"] for token in last}
    assert len(old) == len(new) == 3
    assert while_it_counts == [old | new] * 2
    assert after == [new] * 2
