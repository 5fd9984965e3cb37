"""The search of sessions in the console."""

import httpx
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.account import signed_in, stored
from tests.support.administration import id_of
from tests.support.application import Application, TestUser
from tests.support.console import administrator_in, form_fields
from tests.support.events import new_event
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of, visiting

DATABASES = ("sqlite",)
PATH = "/admin/sessions"
DAY = 86_400
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app(session_ttl=7 * DAY)


def told(page: httpx.Response) -> str:
    return " ".join(text_of(page).split())


async def new_session(app: Application, user: TestUser) -> str:
    """Begin a session as a sign-in by password does, and return its ID."""
    begun = await services_of(app).accounts.sessions.begin(
        await stored(app, user),
        amr=["pwd"],
        user_agent=FIREFOX,
        address="203.0.113.7",
        event=new_event(),
    )
    assert begun is not None
    return begun[1].session_id


async def test_the_sessions_of_all_users_are_listed_the_newest_sign_in_first(
    app: Application, visitor: Visitor
) -> None:
    ada, bob = await app.enrolled_user(), await app.enrolled_user()
    await new_session(app, ada)
    app.clock.advance(seconds=60)
    await new_session(app, bob)
    app.clock.advance(seconds=60)
    administrator = await administrator_in(visitor)

    page = await visitor.get(PATH)

    text = told(page)
    links = [f"/admin/users/{await id_of(app, each)}" for each in (administrator, bob, ada)]
    places = [page.text.index(link) for link in links]
    assert places == sorted(places)
    assert "Firefox" in text
    assert "203.0.113.7" in text
    assert text.count("two factors") == 1
    assert f'href="{PATH}"' in (await visitor.get("/admin")).text


async def test_a_filter_selects_the_sessions_of_a_user_and_since_a_day(
    app: Application, visitor: Visitor
) -> None:
    ada, bob = await app.enrolled_user(), await app.enrolled_user()
    await new_session(app, ada)
    app.clock.advance(seconds=2 * DAY)
    await new_session(app, bob)
    today = app.clock.now().date().isoformat()
    await administrator_in(visitor)
    user_id = (await stored(app, ada)).user_id

    async def listed(**values: str) -> str:
        return told(await visitor.get(PATH, **values))

    for user in (ada.username, user_id):
        assert ada.username in await listed(user=user)
        assert bob.username not in await listed(user=user)
    assert bob.username in await listed(since=today)
    assert ada.username not in await listed(since=today)
    assert "No session matches." in await listed(user=ada.username, since=today)
    assert "No session matches." in await listed(user="0" * 32)


async def test_a_filter_with_errors_is_shown_again_beside_its_fields(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.get(PATH, user="nobody", since="yesterday")

    assert page.status_code == 400
    assert 'id="user-error">There is no user with that name.' in page.text
    assert 'id="since-error">Enter a date like 2026-11-25.' in page.text
    assert 'value="yesterday"' in page.text


async def test_older_sessions_are_on_the_next_page_of_the_same_filter(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    user = await app.enrolled_user()
    sessions = {await new_session(app, user) for _ in range(60)}  # at the same instant
    await administrator_in(visitor)

    first = await visitor.get(PATH, user=user.username)
    url = first.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = await visitor.get(url.replace("&amp;", "&"))
    unusable = await visitor.get(PATH, after="9999-12-31T23:59:59-23:59", after_id="x")

    on_pages = [{each for each in sessions if each in page.text} for page in (first, second)]
    assert [len(each) for each in on_pages] == [50, 10]
    assert on_pages[0] | on_pages[1] == sessions
    assert 'rel="next"' not in second.text
    assert unusable.status_code == 200


async def test_an_administrator_ends_a_session(app: Application, visitor: Visitor) -> None:
    ada = await app.enrolled_user()
    async with visiting(app) as elsewhere:
        await signed_in(elsewhere, ada)
        [session] = await services_of(app).accounts.sessions.list_of(
            (await stored(app, ada)).user_id
        )
        await administrator_in(visitor)
        form = await visitor.get(f"{PATH}/{session.session_id}")
        was_signed_in = (await elsewhere.get("/account")).status_code == 200
        ended = await visitor.submit(form)
        again = await visitor.submit(form)

        assert ada.username in told(form)
        assert was_signed_in
        assert ended.headers["location"] == f"{PATH}?done=removed"
        assert again.status_code == 404
        assert (await elsewhere.get("/account")).is_redirect


async def test_an_auditor_sees_the_sessions_and_ends_none(
    app: Application, visitor: Visitor
) -> None:
    session_id = await new_session(app, await app.enrolled_user())
    await administrator_in(visitor, "auditor")

    page, form = await visitor.get(PATH), await visitor.get(f"{PATH}/{session_id}")
    refused = await visitor.http.post(f"{PATH}/{session_id}", data=await form_fields(visitor))

    assert "Firefox" in told(page)
    assert session_id not in page.text
    assert (form.status_code, refused.status_code) == (403, 403)
    assert await services_of(app).accounts.sessions.find_by_id(session_id) is not None
