"""`/account/passkeys`: adding, naming and removing them; whose they are, and how many."""

import asyncio
import re

import pytest

from app.repositories.accounts.users import UserRepository
from app.security.passwords import NO_PASSWORD
from tests.support.account import stored
from tests.support.application import Application, TestUser
from tests.support.events import new_event
from tests.support.parts import services_of
from tests.support.passkeys import (
    ALONE,
    MINE,
    SECOND,
    Passkey,
    ask_options,
    audited,
    enrol,
    give,
    is_refused,
    options_from,
    password_given,
    sign_in_with,
)
from tests.support.visitor import Visitor, text_of


async def test_an_empty_passkeys_page_explains_what_it_will_list(owner: Visitor) -> None:
    page = await owner.get(MINE)

    assert "appear here after you add one" in text_of(page)
    assert 'href="/account/passkeys"' in (await owner.get("/account")).text
    await enrol(owner)
    assert "Added: 1" in text_of(await owner.get("/account"))


async def test_a_passkey_cannot_be_added_twice_or_to_a_second_account(
    app: Application, owner: Visitor, stranger: Visitor
) -> None:
    """Section 7.1 step 22"""
    passkey = await enrol(owner)
    await stranger.sign_in(await stranger.get("/login"), await app.enrolled_user())

    for visitor in (owner, stranger):
        page = await visitor.get(MINE)
        options = await options_from(visitor, page, MINE)
        again = await give(visitor, page, MINE, Passkey(passkey.credential_id).create(options))
        assert again.status_code == 400
        assert "This passkey has already been added." in text_of(again)


@pytest.mark.slow
async def test_a_user_cannot_add_more_than_twenty_passkeys(
    app: Application, owner: Visitor, user: TestUser
) -> None:
    for _ in range(19):
        await enrol(owner)
    page = await owner.get(MINE)
    answers = [Passkey().create(await options_from(owner, page, MINE)) for _ in range(3)]

    given = await asyncio.gather(*(give(owner, page, MINE, answer) for answer in answers))

    assert sorted(each.status_code for each in given) == [303, 400, 400]
    assert await services_of(app).factors.passkeys.count_of(await stored(app, user)) == 20
    full = await owner.get(MINE)
    assert "You already have 20 passkeys" in text_of(full)
    assert "data-creates" not in full.text


async def test_a_passkey_can_be_renamed_and_its_name_is_escaped(
    app: Application, owner: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 31: whatever the name is, it is text"""
    await enrol(owner)
    assert "Remove Passkey" in text_of(await owner.get(MINE))
    hostile = "<b>Ada's</b> \u202e & %(day)s" + "x" * 200

    await owner.submit(await owner.get(MINE), to=f"{MINE}/rename", name=hostile)

    page = await owner.get(MINE)
    assert f"Remove {hostile[:100]}" in text_of(page)
    assert "<b>" not in page.text
    await owner.submit(page, to=f"{MINE}/rename", name=" ")
    assert "&lt;b&gt;Ada" in (await owner.get(MINE)).text
    assert [each[0] for each in await audited(app, user)] == ["passkey.added", "passkey.renamed"]


async def test_a_name_of_control_characters_alone_shows_the_form_again(owner: Visitor) -> None:
    await enrol(owner)

    page = await owner.submit(await owner.get(MINE), to=f"{MINE}/rename", name="\x01")

    assert page.status_code == 400
    assert "a character that isn't allowed" in text_of(page)
    assert "Remove Passkey" in text_of(await owner.get(MINE))


async def test_a_user_cannot_rename_or_remove_the_passkey_of_another_user(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    await enrol(owner, name="Mine")
    theirs = await services_of(app).factors.passkeys.list_of(await stored(app, user))
    await stranger.sign_in(await stranger.get("/login"), await app.enrolled_user())
    await enrol(stranger, name="Theirs")
    page = await stranger.get(MINE)

    named = {"passkey_id": theirs[0].passkey_id}
    await stranger.submit(page, to=f"{MINE}/rename", **named, name="Stolen")
    await stranger.submit(page, to=f"{MINE}/remove", **named)

    assert "Remove Mine" in text_of(await owner.get(MINE))


async def test_a_removed_passkey_cannot_be_used_to_sign_in(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    passkey = await enrol(owner, name="Old phone")
    page = await stranger.get("/login")
    begun = passkey.get(await options_from(stranger, page, ALONE))

    await owner.submit(await owner.get(MINE), to=f"{MINE}/remove")

    assert is_refused(await give(stranger, page, ALONE, begun))
    assert is_refused(await sign_in_with(stranger, passkey))
    assert SECOND not in (await password_given(stranger, user)).text
    assert [each[0] for each in await audited(app, user)] == ["passkey.added", "passkey.removed"]


async def test_the_last_sign_in_method_cannot_be_removed(
    app: Application, owner: Visitor, user: TestUser
) -> None:
    """Who has no password would be locked out by it"""
    await enrol(owner)
    passkey = await enrol(owner)
    people = UserRepository(services_of(app).core.database)
    await people.credentials.set_password_hash(
        (await stored(app, user)).user_id,
        NO_PASSWORD,
        is_full=True,
        now=app.clock.now(),
        event=new_event(),
    )
    await sign_in_with(owner, passkey)
    page = await owner.get(MINE)
    ids = re.findall(r'name="passkey_id" value="(\w+)"', page.text)

    removed = await asyncio.gather(
        *(owner.submit(page, to=f"{MINE}/remove", passkey_id=each) for each in set(ids))
    )

    assert sorted(each.status_code for each in removed) == [303, 400]
    assert "This is your only way to sign in." in text_of(
        next(each for each in removed if each.status_code == 400)
    )
    assert await services_of(app).factors.passkeys.count_of(await stored(app, user)) == 1


async def test_adding_and_removing_passkeys_requires_a_fresh_sign_in(
    app: Application, owner: Visitor, user: TestUser
) -> None:
    await enrol(owner)
    page = await owner.get(MINE)
    app.clock.advance(seconds=601)

    for action in (f"{MINE}/remove", MINE):
        answer = await owner.submit(page, to=action)
        assert answer.headers["location"].startswith("/login?next=passkeys")
    options = await ask_options(owner, page, MINE)

    assert options.headers["location"].startswith("/login?next=passkeys")
    assert await services_of(app).factors.passkeys.count_of(await stored(app, user)) == 1
    back = await owner.sign_in(await owner.get(options.headers["location"]), user)
    assert back.url.path == MINE
