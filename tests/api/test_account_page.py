"""`/account`: where a person is signed in, whom he let in, and the way to end each."""

import re

import pytest

from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.protocol.exchanges import new_fleet
from tests.support.account import happened, stored
from tests.support.administration import reset_password
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.console import administrator_in, give_role
from tests.support.logout import is_signed_in, policy_of, says_signed_out, sid_of
from tests.support.parts import services_of
from tests.support.visitor import Visitor, redeem, text_of, visiting

SESSION = "/account/sessions/end"
APPLICATION = "/account/applications/revoke"
EVERYWHERE = "/account/sessions/end-all"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)


def sessions_on(page_text: str) -> list[str]:
    return re.findall(r'name="session_id" value="([^"]+)"', page_text)


async def sign_in(visitor: Visitor, user: TestUser) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)


async def test_an_unauthenticated_visitor_signs_in_and_returns_to_the_page(
    visitor: Visitor, user: TestUser
) -> None:
    answer = await visitor.get("/account")

    assert answer.status_code == 303
    page = await visitor.sign_in(await visitor.follow(answer), user)
    assert page.url.path == "/account"
    assert user.username in text_of(page)


@pytest.mark.parametrize("role", ["administrator", "auditor"])
async def test_only_administrators_and_auditors_have_a_link_to_the_console(
    app: Application, visitor: Visitor, user: TestUser, role: str
) -> None:
    await sign_in(visitor, user)
    before = await visitor.get("/account")

    await give_role(app, user, role)

    assert 'href="/admin"' not in before.text
    assert 'href="/admin">Open the console</a>' in (await visitor.get("/account")).text


async def test_without_a_console_the_account_has_no_link_to_it(start_app: AppFactory) -> None:
    app = await start_app(admin_api=False)
    async with visiting(app) as visitor:
        await administrator_in(visitor)

        assert 'href="/admin"' not in (await visitor.get("/account")).text


async def test_the_page_is_not_cached_and_has_a_strict_content_security_policy(
    visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 31"""
    await sign_in(visitor, user)

    page = await visitor.get("/account")

    assert page.headers["cache-control"] == "no-store"
    policy = policy_of(page)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"


@pytest.mark.parametrize(
    ("user_agent", "described"),
    [
        (FIREFOX, "Firefox, Linux"),
        (SAFARI, "Safari, iPhone"),
        (EDGE, "Edge, Windows"),
        ("<script>alert(1)</script>" + "x" * 10_000, "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
async def test_a_session_is_described_by_its_browser_and_platform(
    visitor: Visitor, user: TestUser, user_agent: str, described: str
) -> None:
    """SECURITY_BAR row 31"""
    visitor.http.headers["user-agent"] = user_agent
    await sign_in(visitor, user)

    page = await visitor.get("/account")

    assert described in text_of(page)
    assert "this browser" in text_of(page)
    assert "<script>alert" not in page.text


async def test_a_user_can_end_a_session_in_another_browser(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 30: on the server, with the tokens that were granted for it"""
    await sign_in(visitor, user)
    async with visiting(app) as lost:
        tokens = await lost.tokens_for(client, user)
        page = await visitor.get("/account")
        assert len(sessions_on(page.text)) == 2

        after = await visitor.submit(page, to=SESSION, session_id=sid_of(tokens["id_token"]))

        assert after.headers["location"] == "/account"
        assert not await is_signed_in(lost, client)
    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, tokens["access_token"])
    page = await visitor.get("/account")
    assert len(sessions_on(page.text)) == 1


async def test_a_user_can_end_the_session_of_the_current_browser(
    visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    await visitor.tokens_for(client, user)

    page = await visitor.submit(await visitor.get("/account"), to=SESSION)

    assert says_signed_out(page)
    assert "postern_sessions" not in visitor.http.cookies
    assert not await is_signed_in(visitor, client)


async def test_a_user_cannot_end_the_session_of_another_user(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 30: a `sid` stands in every ID token and is no secret"""
    id_token = (await visitor.tokens_for(client, user))["id_token"]
    async with visiting(app) as other:
        await sign_in(other, await app.enrolled_user())
        page = await other.get("/account")

        await other.submit(page, to=SESSION, session_id=sid_of(id_token))
        await other.submit(page, to=SESSION, session_id="nothing")

        assert (await other.get("/account")).status_code == 200
    assert await is_signed_in(visitor, client)


async def test_ended_and_expired_sessions_are_not_listed(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    for _ in range(2):
        async with visiting(app) as other:
            await sign_in(other, user)
            await other.submit(await other.get("/logout"))
    async with visiting(app) as forgotten:
        await sign_in(forgotten, user)
    app.clock.advance(seconds=app.settings.session_ttl)
    await sign_in(visitor, user)

    page = await visitor.get("/account")

    assert len(sessions_on(page.text)) == 1


async def test_resetting_the_password_ends_every_session(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30: `postern users` is the operator's hand"""
    await sign_in(visitor, user)

    await reset_password(services_of(app), user.username, "another password of mine")

    assert (await visitor.get("/account")).headers["location"] == "/login"


async def test_an_application_is_listed_with_its_granted_scopes(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client = await app.create_client(client_name=app.new_name("The App"))
    await sign_in(visitor, user)
    empty = await visitor.get("/account")
    assert "Apps appear here after you sign in to them." in text_of(empty)

    await visitor.tokens_for(client, user, scope="openid email")

    page = await visitor.get("/account")
    assert "The App" in text_of(page)
    assert "Your email address" in text_of(page)
    assert "Your name" not in text_of(page)


async def test_revoking_access_revokes_every_token_and_requires_new_consent(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 34; also what was granted with `offline_access`"""
    tokens = await visitor.tokens_for(client, user, scope="openid offline_access")
    code = await visitor.code_for(client, user, scope="openid offline_access")

    after = await visitor.submit(await visitor.get("/account"), to=APPLICATION)

    assert after.headers["location"] == "/account"
    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, tokens["access_token"])
    assert_oauth_error(await redeem(app, client, code), "invalid_grant")
    page = await visitor.get("/account")
    assert client.client_id not in page.text
    assert 'action="/consent"' in (await visitor.authorize(client)).text


@pytest.mark.slow
async def test_revoking_access_does_not_affect_other_clients_or_users(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    other_client, other_user = await app.create_client(), await app.enrolled_user()
    kept = await visitor.tokens_for(other_client, user)
    async with visiting(app) as other:
        of_another = await other.tokens_for(client, other_user)
    await visitor.tokens_for(client, user)

    await visitor.submit(await visitor.get("/account"), to=APPLICATION, client_id=client.client_id)

    assert await app.is_active(other_client, kept["access_token"])
    assert await app.is_active(client, of_another["access_token"])
    page = await visitor.get("/account")
    assert other_client.client_id in page.text


@pytest.mark.parametrize("how", ["first party", "password grant"])
async def test_an_application_without_a_consent_page_is_listed_and_can_be_revoked(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser, how: str
) -> None:
    if how == "first party":
        await services_of(app).clients.administration.set_trust(
            client.client_id, "first_party", authority=FULL
        )
        tokens = await visitor.tokens_for(client, user, scope="openid email")
    else:
        tokens = (await app.password_grant(client, user, scope="email")).json()
        await sign_in(visitor, user)
    page = await visitor.get("/account")
    assert client.client_id in page.text
    assert "Your email address" in text_of(page)

    await visitor.submit(page, to=APPLICATION)

    assert not await app.is_active(client, tokens["access_token"])
    assert client.client_id not in (await visitor.get("/account")).text


@pytest.mark.parametrize("path", [SESSION, APPLICATION, EVERYWHERE])
async def test_a_post_without_a_valid_csrf_token_or_from_another_site_is_refused(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser, path: str
) -> None:
    """SECURITY_BAR row 30: no token, another browser's, another site's"""
    tokens = await visitor.tokens_for(client, user)
    async with visiting(app) as other:
        await sign_in(other, user)
        page = await visitor.get("/account")
    async with visiting(app) as other:
        login = await other.get("/login")
        foreign = login.text.split('name="csrf_token" value="')[1].split('"')[0]

    answers = [
        await visitor.submit(page, to=path, csrf_token=token) for token in ("", foreign, "x" * 64)
    ]
    visitor.http.headers["sec-fetch-site"] = "same-site"
    answers.append(await visitor.submit(page, to=path))
    del visitor.http.headers["sec-fetch-site"]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert await is_signed_in(visitor, client)
    assert await app.is_active(client, tokens["access_token"])


async def test_a_form_posted_after_sign_out_redirects_to_the_sign_in_page(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """The page was left open in a tab"""
    await visitor.tokens_for(client, user)
    async with visiting(app) as other:
        await sign_in(other, user)
    page = await visitor.get("/account")
    await visitor.submit(await visitor.get("/logout"))

    answers = [await visitor.submit(page, to=path) for path in (SESSION, APPLICATION, EVERYWHERE)]

    for answer in answers:
        assert answer.headers["location"] == "/login"


async def test_two_users_in_one_browser_each_see_only_their_own_account(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    await visitor.tokens_for(client, user)
    second = await app.enrolled_user()
    await visitor.sign_in(await visitor.get("/login", other="1"), second)

    page = await visitor.get("/account")
    assert second.username in text_of(page)
    assert user.username not in text_of(page)
    assert client.client_id not in page.text
    await visitor.submit(page, to=SESSION)

    assert user.username in text_of(await visitor.get("/account"))


async def test_an_application_name_is_html_escaped(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 31"""
    name = f"<img src=x onerror=alert(1)>\"'{app.new_name()}"
    client = await app.create_client(client_name=name)
    await visitor.tokens_for(client, user)

    page = await visitor.get("/account")

    assert "<img" not in page.text
    assert name in text_of(page)


async def test_the_page_links_to_the_other_account_pages(visitor: Visitor, user: TestUser) -> None:
    await sign_in(visitor, user)

    page = await visitor.get("/account")

    places = re.findall(r'href="(/account/[a-z-]+)"', page.text)
    expected = ["profile", "password", "passkeys", "activity", "data"]
    assert [place for place in places if place.rpartition("/")[2] in expected] == [
        f"/account/{place}" for place in expected
    ]
    assert [(await visitor.get(place)).status_code for place in places] == [200] * len(places)


async def test_signing_out_everywhere_else_ends_every_other_session(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    await sign_in(visitor, user)
    async with visiting(app) as one, visiting(app) as two:
        tokens = await one.tokens_for(client, user)
        await sign_in(two, user)

        after = await visitor.submit(await visitor.get("/account"), to=EVERYWHERE, but="this")

        assert after.headers["location"] == "/account"
        for each in (one, two):
            assert (await each.get("/account")).headers["location"] == "/login"
    assert not await app.is_active(client, tokens["access_token"])
    page = await visitor.get("/account")
    assert len(sessions_on(page.text)) == 1
    assert "Sign out everywhere else" not in text_of(page)
    events = await happened(app, (await stored(app, user)).user_id)
    assert events[-1] == ("sessions.ended", {"others": 2})


async def test_signing_out_everywhere_ends_the_current_session_too(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await sign_in(visitor, user)
    async with visiting(app) as other:
        await sign_in(other, user)

        page = await visitor.submit(await visitor.get("/account"), to=EVERYWHERE)

        assert says_signed_out(page)
        for each in (visitor, other):
            assert (await each.get("/account")).headers["location"] == "/login"


async def test_ending_every_session_does_not_end_sessions_of_other_users(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await sign_in(visitor, user)
    async with visiting(app) as mine, visiting(app) as other:
        await sign_in(mine, user)
        await sign_in(other, await app.enrolled_user())

        await visitor.submit(await visitor.get("/account"), to=EVERYWHERE)

        assert (await other.get("/account")).status_code == 200


async def test_the_page_shows_when_an_application_was_last_used(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    tokens = await visitor.tokens_for(client, user, scope="openid offline_access")
    app.clock.advance(seconds=120)
    used = app.clock.now()
    assert (await app.refresh(client, tokens["refresh_token"])).status_code == 200
    app.clock.advance(seconds=120)

    page = await visitor.get("/account")

    last_used = page.text.partition("Last used on")[2]
    assert re.search(r'datetime="([^"]+)"', last_used)[1] == used.isoformat()  # type: ignore[index]


async def test_an_application_that_never_redeemed_its_code_has_no_last_use(
    visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    await visitor.code_for(client, user)

    page = await visitor.get("/account")

    assert client.client_id in page.text
    assert "Last used on" not in text_of(page)


async def test_ended_sessions_and_revoked_access_are_recorded_in_the_audit_log(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    await visitor.tokens_for(client, user, scope="openid email")
    page = await visitor.get("/account")
    await visitor.submit(page, to=APPLICATION, client_id="somebody-elses")
    await visitor.submit(page, to=APPLICATION)
    await visitor.submit(page, to=SESSION)

    events = await happened(app, (await stored(app, user)).user_id)

    wanted = [each for each in events if each[0].startswith(("consent.", "session."))]
    assert wanted == [
        ("consent.granted", {"scopes": ["email", "openid"]}),
        ("consent.revoked", {}),
        ("session.ended", {}),
    ]


async def test_an_app_that_got_its_access_from_another_names_who_acts(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """RFC 8693: the user can remove it, and what it got ends"""
    fleet = await new_fleet(app, user)
    token = await fleet.front.call(fleet.middle, await fleet.subject())
    names = {
        client.client_id: (await services_of(app).clients.clients.get(client.client_id)).client_name
        for client in (fleet.client, fleet.front.client)
    }
    await sign_in(visitor, user)

    page = await visitor.get("/account")
    before = await app.is_active(fleet.middle.client, token)
    await visitor.submit(page, to=APPLICATION, client_id=fleet.front.client_id)

    text = " ".join(text_of(page).split())
    source, actor = names[fleet.client.client_id], names[fleet.front.client_id]
    assert f"Got its access from {source} · Acting for you: {actor}" in text
    assert "Change your reports" in text
    assert before
    assert not await app.is_active(fleet.middle.client, token)
