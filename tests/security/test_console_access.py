"""Access to the console: roles, two factors, idle time, recent sign-ins, and forged forms."""

import pytest
from fastapi.routing import APIRoute

from app.pages.admin.registry import CONSOLE_PAGES
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS, happened, signed_in, stored
from tests.support.administration import id_of, new_group
from tests.support.application import Application, TestUser
from tests.support.console import (
    IDLE_SECONDS,
    administrator_in,
    form_fields,
    give_role,
    revoke_role,
)
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of, visiting

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""
GROUPS = "/admin/groups"
NEW_GROUP = f"{GROUPS}/+new"
ROUTES = [
    (method, route.path)
    for page in CONSOLE_PAGES
    for router in page.routers
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
IDS = {
    **dict.fromkeys(("group_id", "user_id", "role_id", "name", "session_id", "sequence"), "0" * 32),
    **dict.fromkeys(("client_id", "request_id", "scope"), "unknown"),
    "kind": "web",
    "key": "unknown",
    "host": "agent.example",
    **dict.fromkeys(("webhook_id", "mapping_id", "token_id"), "0" * 32),
    "number": "1",
    "application": "curl",
}


def filled(path: str) -> str:
    return path.format_map(IDS)


GETS = [filled(path) for method, path in ROUTES if method == "GET"]
FIRST_GETS = sorted({path.rpartition("/")[0]: path for path in reversed(GETS)}.values())
"""Of the pages with the same path but for its last part, the first."""
POSTS = [filled(path) for method, path in ROUTES if method == "POST"]


async def test_every_page_without_a_sign_in_asks_for_one(visitor: Visitor) -> None:
    answers = {path: await visitor.get(path) for path in GETS}

    assert not [
        path
        for path, answer in answers.items()
        if not answer.headers.get("location", "").startswith("/login?next=admin")
    ]


@pytest.mark.parametrize("path", FIRST_GETS)
async def test_a_page_without_a_sign_in_asks_for_one_and_is_shown_then(
    app: Application, visitor: Visitor, user: TestUser, path: str
) -> None:
    await give_role(app, user, "administrator")

    login = await visitor.get(path)
    page = await visitor.sign_in(await visitor.follow(login), user)

    assert login.headers["location"].startswith("/login?next=admin")
    assert page.url.path == path


async def test_a_user_without_a_role_is_told_what_to_do_and_sees_nothing(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    pages = {path: await visitor.get(path) for path in GETS}

    assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(GETS, 403)
    assert not [
        path
        for path, page in pages.items()
        if "You don't have access to the console" not in text_of(page)
        or f"postern admin create {user.username}" not in text_of(page)
        or "<nav" in page.text
    ]


async def test_an_auditor_can_post_nothing(visitor: Visitor) -> None:
    await administrator_in(visitor, "auditor")
    fields = await form_fields(visitor)

    answers = {path: await visitor.http.post(path, data=fields) for path in POSTS}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        POSTS, 403
    )
    assert not [
        path
        for path, answer in answers.items()
        if "only an administrator can change it" not in text_of(answer)
    ]


async def test_a_form_without_its_token_or_of_another_account_is_refused(
    app: Application, visitor: Visitor
) -> None:
    """SECURITY_BAR row 30"""
    await administrator_in(visitor)
    fields = await form_fields(visitor)

    forged = {
        path: (await visitor.http.post(path, data={**fields, "csrf_token": "0" * 64})).status_code
        for path in POSTS
    }
    await administrator_in(visitor)
    of_another = {path: await visitor.http.post(path, data=fields) for path in POSTS}

    assert forged == dict.fromkeys(POSTS, 403)
    assert {path: answer.status_code for path, answer in of_another.items()} == dict.fromkeys(
        POSTS, 409
    )
    assert not [
        path
        for path, answer in of_another.items()
        if "You switched accounts" not in text_of(answer)
    ]


async def test_an_auditor_reads_without_being_offered_changes(
    app: Application, visitor: Visitor
) -> None:
    group = await new_group(app, name="Operators")
    await administrator_in(visitor, "auditor")

    listed, page = await visitor.get(GROUPS), await visitor.get(f"{GROUPS}/{group.group_id}")

    assert "Operators" in text_of(listed)
    assert "read only" in text_of(listed)
    for shown in (listed, page):
        assert "<form" not in shown.text
        assert "+new" not in shown.text
        assert "/delete" not in shown.text
    assert (await visitor.get(NEW_GROUP)).status_code == 403


async def test_losing_the_role_ends_access_at_once(app: Application, visitor: Visitor) -> None:
    await administrator_in(visitor)  # the last administrator keeps the role
    user = await administrator_in(visitor)
    assert (await visitor.get("/admin")).status_code == 200

    await revoke_role(app, user, "administrator")

    assert (await visitor.get("/admin")).status_code == 403


async def test_a_password_alone_does_not_open_the_console(start_app: AppFactory) -> None:
    """A user who signed in with less, in a trusted browser, gets the role."""
    app = await start_app(remember_browser_days=30)
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        page = await visitor.give_password(await visitor.get("/login"), user)
        app.clock.advance(seconds=31)
        await visitor.follow(await visitor.submit(page, code=app.code(user), remember_browser="1"))
        await visitor.submit(await visitor.get("/logout"))
        await visitor.give_password(await visitor.get("/login"), user)
        await give_role(app, user, "administrator")

        step_up = await visitor.get(GROUPS)
        code_page = await visitor.follow(step_up)
        app.clock.advance(seconds=31)
        opened = await visitor.follow(await visitor.submit(code_page, code=app.code(user)))

    assert step_up.headers["location"] == "/login/step-up?next=admin%2Fgroups"
    assert code_page.url.path == "/login/otp"
    assert opened.url.path == GROUPS


async def test_an_hour_without_a_page_of_the_console_requires_a_new_sign_in(
    app: Application, visitor: Visitor
) -> None:
    user = await administrator_in(visitor)
    for _ in range(3):  # each page begins another hour
        app.clock.advance(seconds=IDLE_SECONDS - 60)
        assert (await visitor.get(GROUPS)).status_code == 200

    app.clock.advance(seconds=IDLE_SECONDS - 60)
    await visitor.get("/account")  # another page of the server is not a use of the console
    app.clock.advance(seconds=120)
    again = await visitor.get(GROUPS)

    assert again.headers["location"].startswith("/login?next=admin%2Fgroups")
    assert (await visitor.sign_in(await visitor.follow(again), user)).url.path == GROUPS


async def test_the_visits_of_another_session_do_not_keep_the_console_open(
    app: Application, visitor: Visitor
) -> None:
    ada = await administrator_in(visitor)
    app.clock.advance(seconds=IDLE_SECONDS - 60)
    await administrator_in(visitor)
    await visitor.get(GROUPS)
    bobs_cookie = visitor.http.cookies["postern_console"]
    app.clock.advance(seconds=120)
    async with visiting(app) as elsewhere:
        await signed_in(elsewhere, ada)
        app.clock.advance(seconds=IDLE_SECONDS)
        elsewhere.http.cookies.set("postern_console", bobs_cookie)

        assert (await elsewhere.get(GROUPS)).is_redirect


async def test_no_use_keeps_the_console_open_for_more_than_twelve_hours(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)

    opened = []
    for _ in range(14):
        opened.append((await visitor.get(GROUPS)).status_code)
        app.clock.advance(seconds=3500)

    assert opened == [200] * 13 + [303]


async def test_a_dangerous_change_needs_a_sign_in_of_the_last_ten_minutes(
    app: Application, visitor: Visitor
) -> None:
    group = await new_group(app)
    user = await administrator_in(visitor)
    path = f"{GROUPS}/{group.group_id}/delete"
    fields = {**await form_fields(visitor), "version": "1"}
    app.clock.advance(seconds=FRESH_SECONDS)

    again, posted = await visitor.get(path), await visitor.http.post(path, data=fields)
    ordinary = await visitor.get(f"{GROUPS}/{group.group_id}/edit")
    page = await visitor.sign_in(await visitor.follow(again), user)

    assert again.headers["location"] == posted.headers["location"]
    assert again.headers["location"].startswith("/login?next=admin%2Fgroups%2F")
    assert ordinary.status_code == 200
    assert page.url.path == path
    assert "Delete this group?" in text_of(page)
    assert await services_of(app).accounts.groups.get(group.group_id) == group


@pytest.mark.parametrize(
    "place",
    [
        *("admin//evil.example", "admin/../../x", "admin/..", "admin?x", "admin/%2e%2e"),
        *("administrator", "//evil.example/admin", "admin@evil.example"),
    ],
)
async def test_a_sign_in_continues_in_the_console_only_at_one_of_its_paths(
    visitor: Visitor, user: TestUser, place: str
) -> None:
    """SECURITY_BAR row 32"""
    login = await visitor.get("/login", next=place)

    page = await visitor.sign_in(login, user)

    assert page.url.path == "/account"


async def test_a_change_is_audited_with_the_administrator_as_its_actor(
    app: Application, visitor: Visitor
) -> None:
    member = await app.enrolled_user()
    group = await new_group(app)
    user = await administrator_in(visitor)

    page = await visitor.get(f"{GROUPS}/{group.group_id}/members/+new")
    await visitor.submit(page, username=member.username)

    events = await services_of(app).core.audit.list_of_user(await id_of(app, member))
    joined = next(event for event in events if event.action == "user.group_joined")
    assert joined.actor == f"user:{await id_of(app, user)}"
    assert (await happened(app, (await stored(app, member)).user_id))[-1][0] == "user.group_joined"


async def test_the_administrators_token_does_not_open_the_console(
    start_app: AppFactory, visitor: Visitor
) -> None:
    token = "an-administrators-token-of-the-tests-1"
    app = await start_app(admin_token=token)
    headers = {"authorization": f"Bearer {token}", "accept": "text/html"}

    for path in GETS:
        assert (await app.http.get(path, headers=headers)).headers["location"].startswith("/login")


async def test_a_server_without_the_admin_api_has_no_console(start_app: AppFactory) -> None:
    app = await start_app(admin_api=False)

    async with visiting(app) as visitor:
        await administrator_in(visitor)
        for path in GETS:
            assert (await visitor.get(path)).status_code == 404, path
        login = await visitor.get("/login", next="admin")
        assert 'name="next"' not in login.text
