"""Which links end which others, and whose form a link is used by."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from app.models.accounts.one_time_links import LinkPurpose
from app.models.accounts.roles import AUDITOR
from app.services.accounts.administration.link_delivery import RETURNED
from app.services.operations.authority import FULL
from app.wiring import build_services
from tests.api.mailing import (
    NEW_PASSWORD,
    ask_for_link,
    claims_of,
    open_link,
    person_with_mailbox,
    reset_link,
    set_password,
)
from tests.conftest import AppFactory
from tests.support.administration import create_password_link, new_group
from tests.support.application import Application, TestUser
from tests.support.events import new_event
from tests.support.parts import count, services_of
from tests.support.smtp import MailServer, link_in, running_mail_server, token_in
from tests.support.visitor import Visitor, text_of, visiting

pytestmark = pytest.mark.both_databases

ADDRESS, OTHERS = "zoe@example.com", "bob@example.com"
ROUNDS = 5


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


@pytest_asyncio.fixture
async def zoe(app: Application, mail_server: MailServer) -> TestUser:
    return await person_with_mailbox(app, mail_server, ADDRESS)


async def link_of_administrator(app: Application, user: TestUser) -> str:
    parts = urlsplit(await create_password_link(services_of(app), user.username))
    return f"{parts.path}?{parts.query}"


async def statuses(visitor: Visitor, *links: str) -> list[int]:
    return [(await open_link(visitor, each)).status_code for each in links]


def is_of_another_link(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 403
        and "A different link has been opened in this browser. Open your link again."
        in text_of(answer)
    )


async def test_a_reset_request_by_a_stranger_does_not_revoke_an_administrator_link(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """Anybody who knows a name can have a link mailed"""
    handed_out = await link_of_administrator(app, zoe)

    await ask_for_link(visitor, zoe.username)
    await mail_server.mail_to(ADDRESS)

    assert await statuses(visitor, handed_out) == [200]


async def test_an_administrator_link_revokes_only_older_administrator_links(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    mailed = await reset_link(visitor, mail_server, zoe, ADDRESS)
    older = await link_of_administrator(app, zoe)

    newer = await link_of_administrator(app, zoe)

    assert await statuses(visitor, mailed, older, newer) == [200, 410, 200]


async def test_using_a_password_link_revokes_all_other_password_links(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    handed_out = await link_of_administrator(app, zoe)
    mailed = await reset_link(visitor, mail_server, zoe, ADDRESS)

    await set_password(visitor, await open_link(visitor, mailed))

    assert await statuses(visitor, handed_out) == [410]


async def test_a_form_for_one_user_cannot_set_the_password_of_another(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 30: the cookie has one place, for the link that was opened last"""
    bob = await person_with_mailbox(app, mail_server, OTHERS)
    client = await app.create_client()
    for_zoe = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))
    for_bob = await open_link(visitor, await reset_link(visitor, mail_server, bob, OTHERS))

    refused = [
        await set_password(visitor, for_zoe),
        await visitor.submit(for_bob, to="/recover/new", password=NEW_PASSWORD, link=""),
        await visitor.submit(for_bob, to="/recover/new", password=NEW_PASSWORD, link="\u00e9"),
    ]

    assert all(is_of_another_link(each) for each in refused)
    for each in (zoe, bob):
        assert (await app.password_grant(client, each)).status_code == 200
    assert (await set_password(visitor, for_bob)).status_code == 303


async def test_a_form_for_one_email_cannot_verify_another(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    pages = []
    for person, address in (
        (zoe, "new@example.com"),
        (await app.enrolled_user(), "other@example.com"),
    ):
        stored = await services_of(app).accounts.users.get(person.username)
        await services_of(app).accounts.email_verification.send_link(stored, address, language="en")
        pages.append(await open_link(visitor, link_in(await mail_server.mail_to(address))))

    refused = await visitor.submit(pages[0], to="/verify-email")
    done = await visitor.submit(pages[1], to="/verify-email")

    assert is_of_another_link(refused)
    assert "Your email address is confirmed" in text_of(done)
    assert (await claims_of(app, zoe))["email"] == ADDRESS


async def test_the_page_does_not_contain_the_link_token(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 13"""
    link = await reset_link(visitor, mail_server, zoe, ADDRESS)

    page = await open_link(visitor, link)

    assert token_in(link) not in page.text
    assert 'name="link"' in page.text


async def test_only_one_of_several_concurrently_created_links_is_valid(
    app: Application, zoe: TestUser
) -> None:
    """SECURITY_BAR row 17: at once, and in another process"""
    other = build_services(app.settings, app.clock)
    makers, reset = [services_of(app), other], other.accounts.password_reset
    living = []

    for _ in range(ROUNDS):
        links = await asyncio.gather(
            *(create_password_link(makers[each % 2], zoe.username) for each in range(6))
        )
        found = [await reset.find(token_in(each)) for each in links]
        living.append(sum(each is not None for each in found))
    await other.close()

    assert living == [1] * ROUNDS


@pytest.mark.slow
async def test_creating_using_and_deleting_links_concurrently_does_not_deadlock(
    app: Application,
) -> None:
    """Each of them gets its answer, whatever the order"""
    services, other = services_of(app), build_services(app.settings, app.clock)
    for number in range(ROUNDS):
        user = await services.accounts.users.get((await app.enrolled_user()).username)
        tokens = [token_in(await create_password_link(services, user.username))]
        link = await services.accounts.one_time_links.find(tokens[0], "reset_password")
        assert link is not None

        answers = await asyncio.gather(
            services.accounts.one_time_links.use_for_password(
                link, f"hash-{number}", event=new_event()
            ),
            *(
                part.accounts.one_time_links.create(
                    link.purpose,
                    user,
                    lasts=link.expires_at - link.created_at,
                    is_full=True,
                    event=new_event(),
                )
                for part in (services, other) * 3
            ),
            other.accounts.account_data.delete(user, is_full=True),
            return_exceptions=True,
        )

        assert [each for each in answers if isinstance(each, BaseException)] == []
    await other.close()


@pytest.mark.parametrize("but", ["", "this"])
async def test_signing_out_everywhere_revokes_links_requested_by_a_stranger(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser, but: str
) -> None:
    """SECURITY_BAR row 9: else who was in the account for a moment takes it with his own mailbox"""
    async with visiting(app) as thief:
        page = await thief.sign_in(await thief.get("/login", next="email"), zoe)
        await thief.submit(page, to="/account/email", email="thief@example.net")
        link = link_in(await mail_server.mail_to("thief@example.net"))
        opened = await open_link(thief, link)
        page = await visitor.sign_in(await visitor.get("/login"), zoe)

        await visitor.submit(page, to="/account/sessions/end-all", but=but)

        late = await thief.submit(opened, to="/verify-email")
        assert (opened.status_code, late.status_code) == (200, 410)
    assert (await claims_of(app, zoe))["email"] == ADDRESS
    assert await count(services_of(app).core.database, "one_time_links") == 0


async def test_signing_out_everywhere_does_not_revoke_the_links_of_other_users(
    app: Application, visitor: Visitor, zoe: TestUser
) -> None:
    stored = await services_of(app).accounts.users.get(zoe.username)
    await services_of(app).accounts.email_verification.send_link(
        stored, "new@example.com", language="en"
    )
    bob = await app.enrolled_user()
    async with visiting(app) as elsewhere:
        await elsewhere.sign_in(await elsewhere.get("/login"), bob)
    page = await visitor.sign_in(await visitor.get("/login"), bob)

    await visitor.submit(page, to="/account/sessions/end-all")

    assert not (await visitor.get("/account")).is_success
    assert (
        await services_of(app).accounts.one_time_links.find_newest(stored, LinkPurpose.VERIFY_EMAIL)
        is not None
    )


@pytest.mark.parametrize("way", ["role", "role of the group", "group"])
async def test_a_promotion_revokes_links_that_others_may_hold(
    app: Application, zoe: TestUser, way: str
) -> None:
    """SECURITY_BAR row 52: someone keeps a link and waits for its user to be promoted

    That `users:write` created it counts as a preparation: tests/security/test_prepared_accounts.py
    """
    accounts = services_of(app).accounts
    stored = await accounts.users.get(zoe.username)
    group = await new_group(app, *([] if way == "group" else [zoe]))
    returned = await accounts.administration.credentials.create_password_link(
        stored.user_id, delivery=RETURNED, authority=FULL
    )
    mailed, pending = [
        await accounts.one_time_links.create(
            purpose,
            stored,
            email=ADDRESS,
            lasts=timedelta(hours=1),
            is_full=True,
            event=new_event(),
        )
        for purpose in (LinkPurpose.RESET_PASSWORD, LinkPurpose.VERIFY_EMAIL)
    ]

    if way == "role":
        await accounts.role_grants.grant_to_user(AUDITOR, stored.user_id, authority=FULL)
    else:
        await accounts.role_grants.grant_to_group(AUDITOR, group.group_id, authority=FULL)
    if way == "group":
        await accounts.groups.add_member(group.group_id, stored.user_id, authority=FULL)

    assert await accounts.password_reset.find(token_in(returned or "")) is None
    assert await accounts.email_verification.find(pending) is None
    assert await accounts.password_reset.find(mailed) is not None
