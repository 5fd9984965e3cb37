"""A challenge is for one browser, one purpose, one person and some minutes, and counts once."""

import asyncio

import pytest

from tests.support.account import stored
from tests.support.application import Application, TestClient, TestUser
from tests.support.logout import is_signed_in
from tests.support.parts import services_of
from tests.support.passkeys import (
    ALONE,
    MINE,
    SECOND,
    Passkey,
    audited,
    enrol,
    give,
    is_refused,
    options_from,
    password_given,
)
from tests.support.visitor import Visitor, visiting

pytestmark = pytest.mark.both_databases


async def test_a_challenge_can_be_used_once(
    app: Application, owner: Visitor, stranger: Visitor, client: TestClient, user: TestUser
) -> None:
    passkey = await enrol(owner)
    page = await stranger.get("/login")
    answer = passkey.get(await options_from(stranger, page, ALONE))

    assert (await give(stranger, page, ALONE, answer)).is_redirect
    stranger.http.cookies.delete("postern_sessions")
    again = await give(stranger, page, ALONE, answer)

    assert is_refused(again)
    assert not await is_signed_in(stranger, client)
    assert (await audited(app, user))[-1][2]["reason"] == "used before"


async def test_only_one_of_many_concurrent_responses_to_a_challenge_is_accepted(
    owner: Visitor, stranger: Visitor
) -> None:
    passkey = await enrol(owner)
    page = await stranger.get("/login")
    answer = passkey.get(await options_from(stranger, page, ALONE))

    answers = await asyncio.gather(*(give(stranger, page, ALONE, answer) for _ in range(8)))

    assert sorted(each.status_code for each in answers) == [303] + [400] * 7


async def test_a_challenge_expires(app: Application, owner: Visitor, stranger: Visitor) -> None:
    passkey = await enrol(owner)
    page = await stranger.get("/login")
    answer = passkey.get(await options_from(stranger, page, ALONE))
    app.clock.advance(seconds=300)

    assert is_refused(await give(stranger, page, ALONE, answer))


async def test_a_challenge_is_bound_to_one_browser(
    app: Application, owner: Visitor, stranger: Visitor
) -> None:
    """Nobody can have somebody else answer his own challenge and sign in with it"""
    passkey = await enrol(owner)
    page = await stranger.get("/login")
    answer = passkey.get(await options_from(stranger, page, ALONE))

    async with visiting(app) as other:
        refused = await give(other, await other.get("/login"), ALONE, answer)

    assert is_refused(refused)
    assert (await give(stranger, page, ALONE, answer)).is_redirect


async def test_a_challenge_is_bound_to_one_purpose(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    passkey = await enrol(owner)
    second = await password_given(stranger, user)
    first = await stranger.get("/login")
    for_alone = passkey.get(await options_from(stranger, first, ALONE))
    for_second = passkey.get(await options_from(stranger, second, SECOND))
    mine = await owner.get(MINE)
    for_adding = await options_from(owner, mine, MINE)

    assert is_refused(await give(stranger, second, SECOND, for_alone))
    assert is_refused(await give(stranger, first, ALONE, for_second))
    login = await owner.get("/login")
    assert is_refused(await give(owner, login, ALONE, passkey.get(for_adding)))


async def test_a_challenge_for_adding_a_passkey_is_bound_to_one_user(
    app: Application, owner: Visitor, user: TestUser
) -> None:
    """One browser, another account: the passkey is not put into it"""
    page = await owner.get(MINE)
    answer = Passkey().create(await options_from(owner, page, MINE))
    other = await app.enrolled_user()
    await owner.sign_in(await owner.get("/login"), other)

    refused = await give(owner, await owner.get(MINE), MINE, answer)

    assert refused.status_code == 400
    assert await services_of(app).factors.passkeys.count_of(await stored(app, other)) == 0
