"""The audit log in the console: filters, pages, CSV, and single events."""

import csv
import io

import pytest_asyncio

from app.services.accounts.events import AccountEvent
from tests.conftest import AppFactory
from tests.support.administration import id_of, join, leave, new_group
from tests.support.application import Application, TestUser
from tests.support.console import administrator_in
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
PATH = "/admin/audit"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    """An application with a database of its own, in which lists are short."""
    return await start_app()


def told(page: object) -> str:
    return " ".join(text_of(page).split())  # type: ignore[arg-type]  # a response


async def test_events_are_listed_newest_first_with_the_names_of_users(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    group = await new_group(app, user, name="Operators")
    await leave(app, group, user)
    administrator = await administrator_in(visitor)

    page = await visitor.get(PATH)

    text = told(page)
    assert text.index("Removed from a group") < text.index("Added to a group")
    assert f'href="/admin/users/{await id_of(app, user)}"><bdi>{user.username}' in page.text
    assert administrator.username in text


async def test_a_filter_selects_by_user_event_and_days(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    group = await new_group(app, user)
    other = await app.enrolled_user()
    await join(app, group, other)
    today = app.clock.now().date().isoformat()
    await administrator_in(visitor)

    async def listed(**values: str) -> str:
        return told(await visitor.get(PATH, **values))

    assert "Added to a group" in await listed(user=user.username)
    assert other.username not in await listed(user=user.username)
    assert "Added to a group" in await listed(user=await id_of(app, user))
    assert "Signed in" not in await listed(action="user.group")
    assert "Added to a group" in await listed(action="user.group", since=today, until=today)
    assert "No event matches." in await listed(until="2020-01-01")


async def test_a_filter_with_errors_is_shown_again_beside_its_fields(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.get(PATH, user="nobody", since="yesterday", until="9999-12-31")
    download = await visitor.get(f"{PATH}/events.csv", since="yesterday")

    assert page.status_code == 400
    assert 'id="user-error">There is no user with that name.' in page.text
    assert 'id="since-error">Enter a date like 2026-11-25.' in page.text
    assert 'id="until-error">Enter a date like 2026-11-25.' in page.text
    assert download.status_code == 400
    assert download.headers["content-type"].startswith("text/html")


async def test_older_events_are_on_the_next_page_of_the_same_filter(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    group = await new_group(app)
    for _ in range(30):
        await join(app, group, user)
        await leave(app, group, user)
    await administrator_in(visitor)

    first = await visitor.get(PATH, action="user.group")
    url = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = await visitor.get(url.replace("&amp;", "&"))

    assert "action=user.group" in url
    assert first.text.count("<tr>") == 51
    assert second.text.count("<tr>") == 11
    assert 'rel="next"' not in second.text


async def test_the_csv_has_the_filter_and_no_cell_that_a_spreadsheet_runs(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await services_of(app).core.audit.record(
        AccountEvent.SIGN_IN_REFUSED, user_id=await id_of(app, user), actor="=cmd|' /C calc'!A0"
    )
    await administrator_in(visitor)

    answer = await visitor.get(f"{PATH}/events.csv", action="sign_in.refused")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["action"] for row in rows] == ["sign_in.refused"]
    assert rows[0]["actor"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["user_id"] == await id_of(app, user)


async def test_an_event_shows_what_changed(app: Application, visitor: Visitor) -> None:
    await administrator_in(visitor)
    await visitor.submit(await visitor.get("/admin/groups/+new"), name="Operators")
    listed = await visitor.get(PATH, action="group.created")
    url = listed.text.partition("<tbody>")[2].partition('href="')[2].partition('"')[0]

    page = await visitor.get(url)

    assert "group.created" in told(page)
    assert "Before After" in told(page)
    assert "name Operators" in told(page)
    assert (await visitor.get(f"{PATH}/999999")).status_code == 404
    assert (await visitor.get(f"{PATH}/{'9' * 30}")).status_code == 404


async def test_the_events_of_a_deleted_user_are_found_by_the_id(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    user_id = await id_of(app, user)
    stored = await services_of(app).accounts.users.get(user.username)
    await services_of(app).accounts.account_data.delete(stored, is_full=True)
    await administrator_in(visitor, "auditor")

    page = await visitor.get(PATH, user=user_id)

    assert "Account deleted" in told(page)
    assert f"/admin/users/{user_id}" not in page.text
