"""Users in the console: lists, one user, the profile, and what administrators do to an account."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.api.mailing import open_link, person_with_mailbox, set_password
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS, claims_of, happened, signed_in, stored
from tests.support.administration import define, id_of, new_group, new_role
from tests.support.application import Application, TestUser
from tests.support.console import administrator_in
from tests.support.people import person_with
from tests.support.smtp import MailServer, link_in, running_mail_server
from tests.support.visitor import Visitor, text_of, visiting

DATABASES = ("sqlite",)
PATH = "/admin/users"
ADDRESS = "ada@example.com"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as running:
        yield running


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    """An application with a database of its own, in which lists are short."""
    return await start_app(**mail_server.settings)


def told(page: httpx.Response) -> str:
    return " ".join(text_of(page).split())


async def url_of(app: Application, user: TestUser) -> str:
    return f"{PATH}/{await id_of(app, user)}"


async def act(visitor: Visitor, app: Application, user: TestUser, place: str) -> httpx.Response:
    """Confirm an act on an account, and return the page after it."""
    page = await visitor.get(f"{await url_of(app, user)}/{place}")
    return await visitor.follow(await visitor.submit(page))


async def test_users_are_found_by_the_beginnings_of_their_names(
    app: Application, visitor: Visitor
) -> None:
    ada = await person_with(app, name="Ada Lovelace", email=ADDRESS)
    await person_with(app, name="Grace Hopper")
    await administrator_in(visitor)

    for search in ("love", "ADA@", ada.username[:9], "lovel ada"):
        page = await visitor.get(PATH, search=search)
        assert ada.username in told(page)
        assert "Grace" not in told(page)
    assert "No user matches." in told(await visitor.get(PATH, search="nobody"))


async def test_lists_of_users_are_read_page_by_page(app: Application, visitor: Visitor) -> None:
    for number in range(52):
        await app.register(f"person-{number:02}")
    await administrator_in(visitor)
    app.clock.advance(seconds=31 * 24 * 3600)
    await administrator_in(visitor)

    for query in ("", "?search=person", "?inactive=30"):
        seen, url = 0, f"{PATH}{query}"
        for _ in range(3):
            page = await visitor.get(url)
            seen += page.text.count("<bdi>person-")
            if 'rel="next"' not in page.text:
                break
            url = page.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
            url = url.replace("&amp;", "&")
        assert seen == 52, query


async def test_the_page_of_a_user_shows_what_belongs_to_them(
    app: Application, visitor: Visitor
) -> None:
    user = await person_with(app, name="Ada Lovelace", email=ADDRESS)
    await new_role(app, user, await new_group(app, user, name="Operators"), name="editor")
    async with visiting(app) as elsewhere:
        await signed_in(elsewhere, user)
    await administrator_in(visitor)

    text = told(await visitor.get(await url_of(app, user)))

    for each in ("Ada Lovelace", ADDRESS, "Operators", "editor", "Authenticator app", "Sessions"):
        assert each in text
    assert "Never" not in text
    assert "verified" not in text.partition("Mark as verified")[0]


async def test_an_administrator_creates_a_user_who_can_sign_in(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")
    values = {"username": "ada", "email": ADDRESS, "password": "correct horse battery"}

    short = await visitor.submit(form, **{**values, "password": "short"})
    wrong = await visitor.submit(form, **{**values, "email": "ada@"})
    created = await visitor.follow(await visitor.submit(form, **values, email_verified="1"))
    taken = await visitor.submit(form, **values)

    assert 'id="password-error">A password must have 8 to 256 characters.' in short.text
    assert "short" not in short.text.partition("<form")[2]
    assert 'id="email-error">Enter an email address like' in wrong.text
    assert 'id="username-error">That username is taken.' in taken.text
    assert f"{ADDRESS} verified" in told(created)
    async with visiting(app) as elsewhere:
        user = TestUser("ada", values["password"], "")
        page = await elsewhere.give_password(await elsewhere.get("/login"), user)
        assert page.url.path == "/login/enroll"


async def test_a_profile_is_changed_without_losing_a_change_that_was_made_meanwhile(
    app: Application, visitor: Visitor
) -> None:
    user = await person_with(app, name="Ada", email=ADDRESS, zoneinfo="Europe/Vienna")
    await administrator_in(visitor)
    form = await visitor.get(f"{await url_of(app, user)}/edit")

    wrong = await visitor.submit(form, phone_number="no number")
    await visitor.submit(form, name="Ada Lovelace", email_verified="1", zoneinfo="")
    stale = await visitor.submit(form, name="Ada Byron")

    assert 'id="phone_number-error">Enter a phone number' in wrong.text
    claims = await claims_of(app, user)
    assert claims == {"name": "Ada Lovelace", "email": ADDRESS, "email_verified": True}
    assert stale.status_code == 409
    assert "Changed in the meantime to: Ada Lovelace" in told(stale)


async def test_taking_the_verification_away_keeps_the_address(
    app: Application, visitor: Visitor, mail_server: MailServer
) -> None:
    user = await person_with_mailbox(app, mail_server, ADDRESS)
    await administrator_in(visitor)
    form = await visitor.get(f"{await url_of(app, user)}/edit")
    assert 'name="email_verified" type="checkbox" value="1" checked' in form.text

    fields = {"name": "", "email": ADDRESS}
    without = form.text.replace(" checked", "")
    await visitor.submit(httpx.Response(200, text=without), **fields)

    claims = await claims_of(app, user)
    assert (claims["email"], claims["email_verified"]) == (ADDRESS, False)


async def test_a_disabled_user_is_signed_out_until_enabled_again(
    app: Application, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    await administrator_in(visitor)
    async with visiting(app) as elsewhere:
        await signed_in(elsewhere, user)

        disabled = await act(visitor, app, user, "disable")

        assert "disabled" in told(disabled)
        assert (await elsewhere.get("/account")).is_redirect
        assert "Enable" in told(disabled)
        await act(visitor, app, user, "enable")
        await signed_in(elsewhere, user)


async def test_a_session_is_ended_and_only_that_of_the_user(
    app: Application, visitor: Visitor
) -> None:
    user, other = await app.enrolled_user(), await app.enrolled_user()
    await administrator_in(visitor)
    async with visiting(app) as elsewhere:
        await signed_in(elsewhere, user)
        page = await visitor.get(await url_of(app, user))
        end = page.text.partition("/sessions/")[2].partition('"')[0]
        foreign = await visitor.get(f"{await url_of(app, other)}/sessions/{end}")
        refused = await visitor.submit(foreign)
        assert (await elsewhere.get("/account")).status_code == 200

        confirm = await visitor.get(f"{await url_of(app, user)}/sessions/{end}")
        after = await visitor.follow(await visitor.submit(confirm))

        assert refused.status_code == 404
        assert "Not signed in anywhere." in told(after)
        assert (await elsewhere.get("/account")).is_redirect


async def test_a_deleted_user_is_gone_and_the_last_administrator_stays(
    app: Application, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    administrator = await administrator_in(visitor)

    listed = await act(visitor, app, user, "delete")
    refused = [
        await act(visitor, app, administrator, "delete"),
        await act(visitor, app, administrator, "disable"),
    ]

    assert listed.url.path == PATH
    assert user.username not in told(listed)
    for answer in refused:
        assert "This is the last administrator." in told(answer)


async def test_second_factors_are_reset(app: Application, visitor: Visitor) -> None:
    user = await app.enrolled_user()
    await administrator_in(visitor)

    await act(visitor, app, user, "reset-factors")

    async with visiting(app) as elsewhere:
        page = await elsewhere.give_password(await elsewhere.get("/login"), user)
        assert page.url.path == "/login/enroll"


async def test_a_password_link_is_mailed_and_not_shown(
    app: Application, visitor: Visitor, mail_server: MailServer
) -> None:
    user = await person_with_mailbox(app, mail_server, ADDRESS)
    await administrator_in(visitor)

    page = await act(visitor, app, user, "reset-password")
    link = link_in(await mail_server.mail_to(ADDRESS))

    assert link.rpartition("=")[2] not in page.text
    async with visiting(app) as elsewhere:
        page = await set_password(elsewhere, await open_link(elsewhere, link))
        assert page.headers["location"].startswith("/login")


async def test_an_email_address_is_verified_by_an_administrator(
    app: Application, visitor: Visitor
) -> None:
    user = await person_with(app, email=ADDRESS)
    await administrator_in(visitor)

    page = await act(visitor, app, user, "verify-email")

    assert f"{ADDRESS} verified" in told(page)
    assert "Mark as verified" not in told(page)
    again = await visitor.submit(await visitor.get(f"{await url_of(app, user)}/verify-email"))
    assert "The email address is verified already." in told(again)


@pytest.mark.parametrize("delivery", ["mail", "link"])
async def test_an_invitation_is_mailed_or_shown_once(
    app: Application, visitor: Visitor, mail_server: MailServer, delivery: str
) -> None:
    group = await new_group(app, name="Operators")
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+invite")

    page = await visitor.submit(
        form, email="grace@example.com", delivery=delivery, group_id=group.group_id
    )
    if delivery == "mail":
        shown = await visitor.follow(page)
        link = link_in(await mail_server.mail_to("grace@example.com"))
        assert link.rpartition("=")[2] not in shown.text
        assert "Invited until" in told(shown)
        assert "Operators" in told(shown)
    else:
        assert "It is shown once." in told(page)
        link = f"/invitation{text_of(page).partition('/invitation')[2].split()[0]}"
    async with visiting(app) as elsewhere:
        assert (await open_link(elsewhere, link)).status_code == 200


async def test_the_link_of_an_administrator_is_never_shown(
    app: Application, visitor: Visitor
) -> None:
    """SECURITY_BAR: links to such accounts are only mailed"""
    group = await new_group(app)
    role = "administrator"
    await administrator_in(visitor)
    page = await visitor.get(f"{PATH.replace('users', 'groups')}/{group.group_id}/roles")
    await visitor.submit(page, role_id=role)

    answer = await visitor.submit(
        await visitor.get(f"{PATH}/+invite"),
        email="grace@example.com",
        delivery="link",
        group_id=group.group_id,
    )

    assert answer.status_code == 409
    assert "Its links are only sent by email." in told(answer)


async def test_groups_roles_and_attributes_are_changed_on_the_page_of_the_user(
    app: Application, visitor: Visitor
) -> None:
    user, group, role = await app.enrolled_user(), await new_group(app), await new_role(app)
    await define(app, "floor", "number")
    await administrator_in(visitor)
    url = await url_of(app, user)

    await visitor.submit(await visitor.get(f"{url}/groups"), group_id=group.group_id)
    await visitor.submit(await visitor.get(f"{url}/roles"), role_id=role.role_id)
    setting = await visitor.get(f"{url}/attributes")
    wrong = await visitor.submit(setting, name="floor", value="third")
    shown = await visitor.follow(await visitor.submit(setting, name="floor", value="3"))
    for place in (f"groups/{group.group_id}", f"roles/{role.role_id}"):
        await act(visitor, app, user, place)
    after = await visitor.get(url)

    assert 'id="value-error">Enter a number.' in wrong.text
    for each in (group.name, role.name, "floor 3"):
        assert each in told(shown)
    assert group.name not in told(after)
    assert role.name not in told(after)


async def test_a_profile_is_changed_only_after_a_recent_sign_in(
    app: Application, visitor: Visitor
) -> None:
    """Another email address can open the account."""
    user = await app.enrolled_user()
    await administrator_in(visitor)
    app.clock.advance(seconds=FRESH_SECONDS)

    assert (await visitor.get(f"{await url_of(app, user)}/edit")).is_redirect


async def test_every_act_is_audited_with_its_administrator(
    app: Application, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    administrator = await administrator_in(visitor)
    await act(visitor, app, user, "disable")

    user_id = (await stored(app, user)).user_id
    action, details = (await happened(app, user_id))[-1]
    assert action == "user.disabled"
    assert (details["before"], details["after"]) == ({"disabled": False}, {"disabled": True})
    page = await visitor.get("/admin/audit", action="user.disabled")
    assert administrator.username in told(page)
