"""`/account/password`: changed by its owner, who stays signed in here and nowhere else."""

import httpx
import pytest

from app.security.passwords import NO_PASSWORD
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS, happened, person_with_mail, signed_in, stored
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.events import new_event
from tests.support.parts import services_of
from tests.support.smtp import running_mail_server
from tests.support.visitor import Visitor, text_of, visiting

PAGE = "/account/password"
NEW = "another long password of mine"


async def change(visitor: Visitor, user: TestUser, new: str = NEW, **fields: str) -> httpx.Response:
    given = {"current_password": user.password, "password": new, **fields}
    return await visitor.submit(await visitor.get(PAGE), to=PAGE, **given)


def with_password(user: TestUser, password: str) -> TestUser:
    return TestUser(user.username, password, user.otp_secret)


async def test_the_new_password_signs_in_and_the_old_one_does_not(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    await signed_in(visitor, user)

    answer = await change(visitor, user)

    assert "Your password has been changed." in text_of(await visitor.follow(answer))
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")
    renewed = await app.password_grant(client, with_password(user, NEW))
    assert renewed.status_code == 200
    actions = [action for action, _ in await happened(app, (await stored(app, user)).user_id)]
    assert "password.changed" in actions


async def test_a_password_change_ends_other_sessions_and_revokes_every_token(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: after a password change a refresh token is worth nothing"""
    mine = await visitor.tokens_for(client, user, scope="openid offline_access")
    async with visiting(app) as elsewhere:
        theirs = await elsewhere.tokens_for(client, user, scope="openid offline_access")

        await change(visitor, user)

        assert (await elsewhere.get("/account")).headers["location"] == "/login"
    for tokens in (mine, theirs):
        assert not await app.is_active(client, tokens["access_token"])
        assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")


async def test_the_current_browser_stays_signed_in_with_a_new_session_secret(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30: a cookie that somebody took before is worth nothing after"""
    await signed_in(visitor, user)
    stolen = visitor.http.cookies["postern_sessions"]

    await change(visitor, user)

    assert (await visitor.get("/account")).status_code == 200
    async with visiting(app) as thief:
        thief.http.cookies.set("postern_sessions", stolen)
        assert (await thief.get("/account")).headers["location"] == "/login"


async def test_a_password_change_does_not_renew_the_sign_in_time(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """The session keeps the time of its sign-in: the second factor was not given again"""
    await signed_in(visitor, user)
    app.clock.advance(seconds=FRESH_SECONDS - 60)  # the password was given 31 s before the code
    await change(visitor, user)

    app.clock.advance(seconds=40)

    assert (await visitor.get(PAGE)).headers["location"].startswith("/login?next=password")


async def test_a_wrong_current_password_changes_nothing(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """ASVS 6.2.3: whoever sits down at an open browser does not know it"""
    await signed_in(visitor, user)

    page = await change(visitor, user, current_password="not the password")

    assert page.status_code == 400
    assert "That's not your current password." in text_of(page)
    assert (await app.password_grant(client, user)).status_code == 200


@pytest.mark.parametrize("missing", ["current_password", "password"])
async def test_an_empty_field_has_an_error_message(
    visitor: Visitor, user: TestUser, missing: str
) -> None:
    await signed_in(visitor, user)

    page = await change(visitor, user, **{missing: ""})

    assert page.status_code == 400
    assert f'id="{missing}-error"' in page.text


@pytest.mark.parametrize("bad", ["short", "x" * 257])
async def test_the_new_password_must_follow_the_password_rules(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser, bad: str
) -> None:
    """SECURITY_BAR row 25"""
    await signed_in(visitor, user)

    page = await change(visitor, user, bad)

    assert page.status_code == 400
    assert "A password must have 8 to 256 characters." in text_of(page)
    assert (await app.password_grant(client, user)).status_code == 200


async def test_the_form_has_autocomplete_hints_for_password_managers(
    visitor: Visitor, user: TestUser
) -> None:
    """PAGES: the form has a username, a current-password and a new-password"""
    await signed_in(visitor, user)

    page = await visitor.get(PAGE)

    assert f'value="{user.username}" autocomplete="username"' in page.text
    assert 'autocomplete="current-password"' in page.text
    assert 'autocomplete="new-password"' in page.text


async def test_a_user_without_a_password_can_set_one(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """An account that was made through another provider has none"""
    await set_hash(app, user, NO_PASSWORD)
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")
    await visit_as(visitor, app, user)
    page = await visitor.get(PAGE)
    assert "current_password" not in page.text

    answer = await visitor.submit(page, to=PAGE, password=NEW)

    assert answer.headers["location"] == f"{PAGE}?saved=1"
    assert (await app.password_grant(client, with_password(user, NEW))).status_code == 200


async def test_only_one_of_two_concurrent_changes_succeeds(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    services, before = services_of(app), await stored(app, user)
    session = (await services.accounts.sessions.list_of(before.user_id))[0]
    await change(visitor, user)

    with pytest.raises(
        Exception, match=r"Your password was changed in the meantime\. Sign in again\."
    ):
        await services.accounts.users.change_password(before, "a third password", session=session)

    assert (await visitor.get("/account")).status_code == 200


async def test_a_post_without_a_valid_csrf_token_is_refused(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    await signed_in(visitor, user)

    answer = await change(visitor, user, csrf_token="x" * 64)

    assert answer.status_code == 403
    assert (await app.password_grant(client, user)).status_code == 200


async def test_a_fresh_sign_in_is_required(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await visitor.get(PAGE)
    app.clock.advance(seconds=FRESH_SECONDS)

    late = await visitor.submit(page, to=PAGE, current_password=user.password, password=NEW)

    assert late.headers["location"].startswith("/login?next=password")
    assert (await app.password_grant(client, user)).status_code == 200
    assert (await visitor.sign_in(await visitor.follow(late), user)).url.path == PAGE


async def test_the_user_is_notified_by_email(start_app: AppFactory) -> None:
    async with running_mail_server() as mails:
        app = await start_app(**mails.settings)
        user = await person_with_mail(app, "zoe@example.com")
        async with visiting(app) as visitor:
            await signed_in(visitor, user)

            await change(visitor, user)

        mail = await mails.mail_to("zoe@example.com")
    assert NEW not in mail.as_string()


async def set_hash(app: Application, user: TestUser, password_hash: str) -> None:
    """As another provider's account is made."""
    person = await stored(app, user)
    await services_of(app).accounts.users._user_repository.credentials.set_password_hash(
        person.user_id, password_hash, is_full=True, now=app.clock.now(), event=new_event()
    )


async def visit_as(visitor: Visitor, app: Application, user: TestUser) -> None:
    """Signed in by other means than a password, a moment ago."""
    begun = await services_of(app).accounts.sessions.begin(
        await stored(app, user),
        amr=["fed", "otp", "mfa"],
        user_agent="",
        address="",
        event=new_event(),
    )
    assert begun is not None
    visitor.http.cookies.set("postern_sessions", begun[0])
