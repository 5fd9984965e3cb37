"""SECRET_KEY is changed while people sign in (SECURITY_BAR row 20; TOTP secrets and signing keys).

Three servers stand for the three steps: both keys are known, the new one is today's, the old one
is gone.
"""

import asyncio

import httpx
import pytest
import pytest_asyncio

from app.repositories.operations.sealed_values import SealedKind
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.databases import Databases
from tests.support.jwt import verified
from tests.support.parts import services_of
from tests.support.visitor import Visitor, answer_in, redeem, visiting

OLD_KEY = "the-Old-key-Qm4x8sV1cN7pLz0eR5tYw2uB"
NEW_KEY = "the-New-key-Jd9kS3fH6gA1qW8xZ4vC0nMb"
UNLIMITED = {"login_limit": 10_000, "login_limit_address": 10_000, "code_limit": 10_000}
ROUNDS = 7
Steps = tuple[Application, Application, Application]


@pytest_asyncio.fixture
async def steps(start_app: AppFactory, databases: Databases, database_kind: str) -> Steps:
    url = await databases.migrated(database_kind)
    known = await start_app(
        database_url=url, secret_key=OLD_KEY, secret_key_previous=(NEW_KEY,), **UNLIMITED
    )
    swapped = await start_app(
        database_url=url, secret_key=NEW_KEY, secret_key_previous=(OLD_KEY,), **UNLIMITED
    )
    await services_of(
        swapped
    ).operations.rewrapping.run()  # the check value is the new key's from here on
    dropped = await start_app(database_url=url, secret_key=NEW_KEY, **UNLIMITED)
    for each in (swapped, dropped):
        each.clock._now = known.clock.now()
    return known, swapped, dropped


def advance(steps: Steps, *, seconds: float) -> None:
    for each in steps:
        each.clock.advance(seconds=seconds)


async def move(visitor: Visitor, to: Visitor) -> Visitor:
    """The same browser at another server, as behind a load balancer."""
    to.http.cookies.update(visitor.http.cookies)
    return to


@pytest.mark.slow
async def test_codes_and_id_tokens_remain_valid_while_all_secrets_are_resealed(
    steps: Steps,
) -> None:
    known, swapped, dropped = steps
    client, people = await known.create_client(), [await known.enrolled_user() for _ in range(8)]

    for number in range(ROUNDS):
        advance(steps, seconds=31)
        # to and fro, so that each round has something to do; in the end under the new key
        rewrapping = services_of(known if number % 2 else swapped).operations.rewrapping
        done, confirmed, tokens = await asyncio.gather(
            rewrapping.run(),
            asyncio.gather(
                *(
                    server.verify_otp(user.username, server.code(user))
                    for server, user in zip((known, swapped) * 4, people, strict=True)
                )
            ),
            asyncio.gather(
                *(
                    services_of(server).oauth.signing_keys.sign(
                        {"sub": str(number)}, algorithm="ES256"
                    )
                    for server in (known, swapped)
                )
            ),
        )

        assert [each.status_code for each in confirmed] == [200] * len(people)
        assert done[SealedKind.OTP_SECRETS].resealed == len(people)
        assert not any(each.unopenable for each in done.values())
        for token in tokens:
            for server in (known, swapped):
                await verified(server, token)

    done = await services_of(swapped).operations.rewrapping.run()
    assert done[SealedKind.OTP_SECRETS].current + done[SealedKind.OTP_SECRETS].resealed == len(
        people
    )
    keys = (await swapped.http.get("/jwks")).json()
    advance(steps, seconds=31)
    for user in people:
        answer = await dropped.verify_otp(user.username, dropped.code(user))
        assert answer.status_code == 200
    await verified(known, await services_of(dropped).oauth.signing_keys.sign({}, algorithm="RS256"))
    assert (await dropped.http.get("/jwks")).json() == keys
    assert (await known.password_grant(client, people[0])).status_code == 200


@pytest.mark.slow
async def test_a_sign_in_started_before_the_key_change_completes_after_it(steps: Steps) -> None:
    known, swapped, _ = steps
    client, user = await known.create_client(), await known.enrolled_user()

    async with visiting(known) as first, visiting(swapped) as second:
        page = await first.authorize(client)
        otp = await first.give_password(page, user)
        await move(first, second)
        advance(steps, seconds=31)
        consent = await second.follow(await second.submit(otp, code=swapped.code(user)))
        answer = answer_in(await second.allow(consent))

    assert (await redeem(swapped, client, answer["code"])).status_code == 200


async def test_a_form_of_either_server_is_accepted_by_the_other(steps: Steps) -> None:
    """Also back again: while servers are swapped one by one both kinds answer."""
    known, swapped, _ = steps
    user = await known.enrolled_user()

    for here, there in ((known, swapped), (swapped, known)):
        async with visiting(here) as first, visiting(there) as second:
            page = await first.get("/login")
            await move(first, second)
            answer: httpx.Response = await second.give_password(page, user)

            assert 'action="/login/otp"' in answer.text or "code" in answer.text
            assert answer.status_code == 200


async def test_forms_created_with_the_old_key_are_refused_after_its_removal(steps: Steps) -> None:
    """SECURITY_BAR row 30"""
    known, _, dropped = steps
    user = await known.enrolled_user()

    async with visiting(known) as first, visiting(dropped) as second:
        page = await first.get("/login")
        await move(first, second)
        answer = await second.give_password(page, user)

    assert answer.status_code == 403
