"""A person who deletes his account is gone at once, everywhere, and nobody else is."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from app.models.accounts.roles import ADMINISTRATOR
from app.models.accounts.users import User
from app.models.tables import metadata
from app.repositories.accounts.accounts import TABLES_OF_A_USER
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.protocol.logout_peers import told_client
from tests.protocol.test_oidc_frontchannel_logout import framed_client
from tests.support.account import (
    FRESH_SECONDS,
    happened,
    person_with_mail,
    signed_in,
    stored,
)
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.broken_outbox import writes_refused
from tests.support.logout import decoded, frames_in, parameters_of, policy_of, sid_of
from tests.support.parts import services_of
from tests.support.passkeys import MINE, enrol
from tests.support.peer import HOST, Authority, running_peer
from tests.support.people import userinfo
from tests.support.smtp import running_mail_server
from tests.support.visitor import Visitor, redeem, text_of, visiting
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

DATA = "/account/data"
DELETE = "/account/data/delete"
KEPT = {"audit_events", "audit_outbox", "logout_notices", "refusals"}
"""The log is append-only; the notices tell clients of the end, and go when they are told; refusals
name a user by the ID alone, and the newest ones replace them."""


async def delete(visitor: Visitor, user: TestUser, **fields: str) -> str:
    page = await visitor.submit(
        await visitor.get(DATA), to=DELETE, **{"confirmation": user.username, **fields}
    )
    assert page.status_code == 200, page.text
    return text_of(page)


def test_every_table_with_a_user_id_has_a_rule_for_account_deletion() -> None:
    """Whoever adds a table with a `user_id` decides here what a deletion does to it"""
    with_people = {table.name for table in metadata.tables.values() if "user_id" in table.c}

    assert with_people == {table.name for table in TABLES_OF_A_USER} | KEPT | {"users"}


async def test_deleting_an_account_shows_a_confirmation_and_signs_the_user_out(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    said = await delete(visitor, user)

    assert "Your account has been deleted" in said
    assert "postern_sessions" not in visitor.http.cookies
    assert (await visitor.get("/account")).headers["location"] == "/login"


async def test_the_last_administrator_cannot_delete_their_account(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    user_id = (await stored(app, user)).user_id
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_user(ADMINISTRATOR, user_id, authority=FULL)
    await signed_in(visitor, user)

    page = await visitor.submit(await visitor.get(DATA), to=DELETE, confirmation=user.username)

    assert page.status_code == 400
    assert "This is the last administrator" in text_of(page)
    assert (await visitor.get("/account")).status_code == 200
    other = await app.enrolled_user()
    other_id = (await stored(app, other)).user_id
    await grants.grant_to_user(ADMINISTRATOR, other_id, authority=FULL)
    assert "Your account has been deleted" in await delete(visitor, user)


async def test_the_last_administrator_stays_signed_in_if_another_one_was_deleted_first(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await start_app()
    client, user, other = (
        await app.create_client(),
        await app.enrolled_user(),
        await app.enrolled_user(),
    )
    accounts, user_id = services_of(app).accounts, (await stored(app, user)).user_id
    for administrator_id in (user_id, (await stored(app, other)).user_id):
        await accounts.role_grants.grant_to_user(ADMINISTRATOR, administrator_id, authority=FULL)
    delete_account = accounts.account_data.delete

    async def overtaken(deleted: User, **arguments: Any) -> bool:
        await delete_account(await stored(app, other), is_full=True)
        return await delete_account(deleted, **arguments)

    async with visiting(app) as visitor:
        tokens = await visitor.tokens_for(client, user)
        monkeypatch.setattr(accounts.account_data, "delete", overtaken)
        page = await visitor.submit(await visitor.get(DATA), to=DELETE, confirmation=user.username)
        account = await visitor.get("/account")

    assert page.status_code == 400
    assert "This is the last administrator" in text_of(page)
    assert page.headers.get_list("set-cookie") == []
    assert account.status_code == 200
    assert await app.is_active(client, tokens["access_token"])
    assert "session.ended" not in dict(await happened(app, user_id))


async def test_the_page_of_a_deleted_account_notifies_clients_in_frames(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """Front-Channel Logout 1.0 section 2, with the `sid` of the session that is gone"""
    client = await framed_client(app, frontchannel_logout_session_required=True)
    id_token = (await visitor.tokens_for(client, user))["id_token"]
    user_id = (await stored(app, user)).user_id

    page = await visitor.submit(await visitor.get(DATA), to=DELETE, confirmation=user.username)

    (frame,) = frames_in(page)
    assert parameters_of(frame)["sid"] == sid_of(id_token)
    assert policy_of(page)["frame-src"] == "https://app.example"
    actions = [action for action, _ in await happened(app, user_id)]
    assert actions[-2:] == ["session.ended", "user.deleted"]


async def test_an_account_that_could_not_be_deleted_stays_signed_in(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30: a browser does not forget a session that lives on"""
    await signed_in(visitor, user)
    page = await visitor.get(DATA)

    async with writes_refused(app, "users", "DELETE"):
        refused = await visitor.submit(page, to=DELETE, confirmation=user.username)

    assert refused.status_code >= 500
    assert refused.headers.get_list("set-cookie") == []
    assert (await visitor.get("/account")).status_code == 200
    assert "Your account has been deleted" in await delete(visitor, user)


async def test_tokens_and_codes_of_a_deleted_user_are_invalid_immediately(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    tokens = await visitor.tokens_for(client, user, scope="openid offline_access")
    by_password = (await app.password_grant(client, user)).json()
    code = await visitor.code_for(client, user)

    await delete(visitor, user)

    for token in (tokens["access_token"], by_password["access_token"]):
        assert not await app.is_active(client, token)
        assert (await app.profile(token)).status_code == 401
        assert (await userinfo(app, token)).status_code == 401
    for token in (tokens["refresh_token"], by_password["refresh_token"]):
        assert not await app.is_active(client, token)
        assert_oauth_error(await app.refresh(client, token), "invalid_grant")
    assert_oauth_error(await redeem(app, client, code), "invalid_grant")
    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")


async def test_refreshes_and_sign_ins_racing_with_a_deletion_leave_no_active_token(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: refreshes and sign-ins that race with the deletion"""
    pairs = [(await app.password_grant(client, user)).json() for _ in range(5)]
    await signed_in(visitor, user)
    page = await visitor.get(DATA)

    answers = await asyncio.gather(
        *(app.refresh(client, pair["refresh_token"]) for pair in pairs[:3]),
        visitor.submit(page, to=DELETE, confirmation=user.username),
        *(app.refresh(client, pair["refresh_token"]) for pair in pairs[3:]),
        *(app.password_grant(client, user) for _ in range(3)),
    )

    assert "Your account has been deleted" in answers[3].text
    bodies = [answer.json() for place, answer in enumerate(answers) if place != 3]
    got = [body["access_token"] for body in bodies if "access_token" in body]
    for token in (*got, *(pair["access_token"] for pair in pairs)):
        assert not await app.is_active(client, token)
    for token in [body["refresh_token"] for body in bodies if "refresh_token" in body]:
        assert_oauth_error(await app.refresh(client, token), "invalid_grant")


async def test_a_sign_in_awaiting_its_code_cannot_be_completed_after_the_deletion(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    async with visiting(app) as other:
        otp = await other.give_password(await other.get("/login"), user)
        await signed_in(visitor, user)

        await delete(visitor, user)

        app.clock.advance(seconds=31)
        answer = await other.follow(await other.submit(otp, code=app.code(user)))
        assert answer.url.path == "/login"
        assert (await other.get("/account")).headers["location"] == "/login"


async def test_other_browsers_are_signed_out(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    async with visiting(app) as other:
        await signed_in(other, user)

        await delete(visitor, user)

        assert (await other.get("/account")).headers["location"] == "/login"


async def test_a_deletion_removes_every_row_of_the_user_except_the_audit_log(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    await visitor.tokens_for(client, user, scope="openid email offline_access")
    user_id = (await stored(app, user)).user_id

    await delete(visitor, user)

    database = services_of(app).core.database
    for table in metadata.tables.values():
        if "user_id" in table.c and table.name not in KEPT:
            assert not await database.fetch_all(select(table).where(table.c.user_id == user_id)), (
                table.name
            )
    log = await happened(app, user_id)
    assert log[-1] == ("user.deleted", {})
    assert user.username not in str(log)
    assert (await services_of(app).core.audit.verify()).broken_at is None


async def test_a_deletion_does_not_affect_other_users(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    other = await app.enrolled_user()
    async with visiting(app) as theirs:
        tokens = await theirs.tokens_for(client, other, scope="openid offline_access")
        await visitor.tokens_for(client, user)

        await delete(visitor, user)

        assert (await theirs.get("/account")).status_code == 200
    assert await app.is_active(client, tokens["access_token"])
    assert (await app.refresh(client, tokens["refresh_token"])).status_code == 200


async def test_a_deletion_does_not_sign_out_another_user_of_the_same_browser(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    second = await app.enrolled_user()
    await visitor.sign_in(await visitor.get("/login", other="1"), second)

    await delete(visitor, second)

    assert user.username in text_of(await visitor.get("/account"))


async def test_a_deleted_username_can_be_registered_again_with_a_new_subject(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 22: the same name, another subject"""
    before = decoded((await visitor.tokens_for(client, user))["id_token"])[1]["sub"]
    await delete(visitor, user)

    again = await app.enrolled_user(user.username)

    async with visiting(app) as other:
        after = decoded((await other.tokens_for(client, again))["id_token"])[1]["sub"]
        activity = text_of(await other.get("/account/activity"))
    assert before != after
    assert "App access allowed" in activity
    assert activity.count("Account created") == 1


@pytest.mark.parametrize("typed", ["", "nobody", "user", "*", "x" * 500])
async def test_a_wrong_confirmation_deletes_nothing(
    app: Application, visitor: Visitor, user: TestUser, typed: str
) -> None:
    await signed_in(visitor, user)

    page = await visitor.submit(await visitor.get(DATA), to=DELETE, confirmation=typed)

    assert page.status_code == 400
    assert "That's not your username. Your account wasn't deleted." in text_of(page)
    assert (await visitor.get("/account")).status_code == 200


async def test_a_user_cannot_delete_the_account_of_another_user(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30: whose account it is, only the session says"""
    other = await app.enrolled_user()
    other_id = (await stored(app, other)).user_id
    await signed_in(visitor, user)

    page = await visitor.submit(
        await visitor.get(DATA),
        to=DELETE,
        confirmation=other.username,
        username=other.username,
        user_id=other_id,
    )

    assert page.status_code == 400
    assert (await stored(app, other)).user_id == other_id


async def test_deletion_and_download_require_a_valid_csrf_token(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    await signed_in(visitor, user)
    page = await visitor.get(DATA)

    answers = [
        await visitor.submit(page, to=path, confirmation=user.username, csrf_token="x" * 64)
        for path in (DELETE, "/account/data/download")
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert (await visitor.get("/account")).status_code == 200


async def test_deletion_and_download_require_a_fresh_sign_in(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30: an open browser is not enough"""
    await signed_in(visitor, user)
    page = await visitor.get(DATA)
    app.clock.advance(seconds=FRESH_SECONDS)

    answers = [
        await visitor.submit(page, to=path, confirmation=user.username)
        for path in (DELETE, "/account/data/download")
    ]

    for answer in answers:
        assert answer.headers["location"] == f"/login?next=data&username={user.username}"
    assert (await visitor.sign_in(await visitor.follow(answers[0]), user)).url.path == DATA


@pytest.mark.slow
async def test_a_deletion_sends_clients_a_logout_token_for_each_session(
    start_app: AppFactory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Back-Channel Logout section 2.4: by `sid`, for there is no subject any more"""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    async with running_peer(authority) as peer:
        app = await start_app(outbound_allowed_hosts=(HOST,), outbound_ca_file=authority.ca_file)
        told, user = await told_client(app, peer), await app.enrolled_user()
        async with visiting(app) as visitor, visiting(app) as elsewhere:
            sids = {
                sid_of((await each.tokens_for(told.client, user))["id_token"])
                for each in (visitor, elsewhere)
            }

            await delete(visitor, user)

        await eventually(lambda: told.count == 2)
        claims = [decoded(token)[1] for token in told.logout_tokens]
    assert {each["sid"] for each in claims} == sids


async def test_a_deletion_notifies_the_user_by_email(start_app: AppFactory) -> None:
    async with running_mail_server() as mails:
        app = await start_app(**mails.settings)
        user = await person_with_mail(app, "zoe@example.com")
        async with visiting(app) as visitor:
            await signed_in(visitor, user)
            before = len(mails.to("zoe@example.com"))

            await delete(visitor, user)

        mail = await mails.mail_to("zoe@example.com", number=before + 1)
    assert "deleted" in str(mail["Subject"])


async def test_the_audit_log_contains_no_passkey_name_chosen_by_the_user(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 34: what people type may say who they are"""
    person = await stored(app, user)
    await signed_in(visitor, user)
    await enrol(visitor, name="Phone of Anna Muster")
    await visitor.submit(await visitor.get(MINE), to=f"{MINE}/rename", name="Anna Muster's key")
    await visitor.submit(await visitor.get(MINE), to=f"{MINE}/remove")

    await delete(visitor, user)

    log = dict(await happened(app, person.user_id))
    passkeys = [log[f"passkey.{each}"] for each in ("added", "renamed", "removed")]
    assert len({each["passkey_id"] for each in passkeys}) == 1
    assert "Anna Muster" not in str(log)
