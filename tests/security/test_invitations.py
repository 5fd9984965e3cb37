"""Invitations: the link sets a password and a second factor, once, for the invited user only."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.errors import ConflictError, FullAdministratorRequiredError, InsufficientScopeError
from app.models.accounts.roles import ADMINISTRATOR
from app.schemas.admin_scopes import AdminScope
from app.schemas.claims import StandardClaims
from app.schemas.invitations import Invitation
from app.services.accounts.administration.invitations import Invited
from app.services.accounts.administration.link_delivery import MAILED, PRINTED, RETURNED
from app.services.operations.authority import FULL, authority_of
from tests.api.mailing import NEW_PASSWORD, open_link, person_with_mailbox
from tests.conftest import AppFactory
from tests.security.factors import secret_on
from tests.support.account import stored
from tests.support.administration import new_group, new_role, set_claims_of, set_user_disabled
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.smtp import MailServer, link_in, running_mail_server, token_in
from tests.support.visitor import Visitor, text_of, visiting

pytestmark = pytest.mark.both_databases

ADDRESS = "grace@example.com"
SETS_UP = "Set up your account"
DAY = 24 * 3600
USERS_WRITE = authority_of([AdminScope.USERS_WRITE])


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


async def invite(app: Application, email: str = ADDRESS, **values: Any) -> Invited:
    body = Invitation(email=email, **values)
    return await services_of(app).accounts.administration.invitations.invite(body, authority=FULL)


async def invited_link(app: Application, mail_server: MailServer, **values: Any) -> str:
    await invite(app, **values)
    return link_in(await mail_server.mail_to(ADDRESS))


async def accept(visitor: Visitor, link: str, password: str = NEW_PASSWORD) -> Any:
    page = await open_link(visitor, link)
    return await visitor.follow(await visitor.submit(page, to="/invitation", password=password))


async def actions_about(app: Application, username: str) -> list[str]:
    services = services_of(app)
    user = await services.accounts.users.get(username)
    return [each.action for each in await services.core.audit.list_of_user(user.user_id)]


async def test_an_invited_user_sets_a_password_and_a_second_factor_and_is_signed_in(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    group, role = await new_group(app), await new_role(app)
    link = await invited_link(
        app,
        mail_server,
        username="grace",
        name="Grace Hopper",
        groups=(group.group_id,),
        roles=(role.role_id,),
    )

    enrolment = await accept(visitor, link)
    grace = TestUser("grace", NEW_PASSWORD, secret_on(enrolment))
    account = await visitor.enroll(enrolment, app.code(grace))

    claims = (await stored(app, grace)).claim_values
    entitlements = await services_of(app).core.entitlements.of((await stored(app, grace)).user_id)
    assert account.url.path == "/account"
    assert claims == {"name": "Grace Hopper", "email": ADDRESS, "email_verified": True}
    assert (entitlements.group_ids, entitlements.roles) == (
        {group.group_id},
        {("", role.name)},
    )
    app.clock.advance(seconds=31)
    client = await app.create_client()
    assert (await app.password_grant(client, grace)).status_code == 200
    assert {"user.invited", "invitation.accepted", "otp.confirmed"} <= set(
        await actions_about(app, "grace")
    )


async def test_the_mail_is_in_the_language_of_the_user(
    app: Application, mail_server: MailServer
) -> None:
    await invite(app, locale="de-AT", username="grete")

    mail = await mail_server.mail_to(ADDRESS)

    assert "eingeladen" in mail["subject"]
    assert link_in(mail).startswith("/invitation?token=postern_ol_")


async def test_a_mail_scanner_that_opens_the_link_uses_nothing_up(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    link = await invited_link(app, mail_server, username="grace")
    before = await stored(app, TestUser("grace", "", ""))

    async with visiting(app) as scanner:
        pages = [await open_link(scanner, link) for _ in range(2)]
        head = await scanner.http.head(link)
    assert [SETS_UP in text_of(page) for page in pages] == [True, True]
    assert head.status_code < 400
    assert await stored(app, TestUser("grace", "", "")) == before

    assert "Set up your authenticator app" in text_of(await accept(visitor, link))


async def test_an_accepted_link_no_longer_works(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    link = await invited_link(app, mail_server, username="grace")
    async with visiting(app) as other:
        other_page = await open_link(other, link)
        await accept(visitor, link)

        again = await other.submit(other_page, to="/invitation", password="another-password-here")
        opened = await open_link(other, link)

    assert (again.status_code, opened.status_code) == (410, 410)
    client = await app.create_client()
    changed = TestUser("grace", "another-password-here", "")
    assert (await app.password_grant(client, changed, code=None)).status_code == 400


async def test_an_unacceptable_password_leaves_the_link_valid(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    link = await invited_link(app, mail_server, username="grace-hopper")

    for refused in ("short", "grace-hopper"):
        page = await accept(visitor, link, password=refused)
        assert 'id="password-problem"' in page.text or SETS_UP in text_of(page)

    assert "Set up your authenticator app" in text_of(await accept(visitor, link))


@pytest.mark.parametrize("ending", ["disabled", "another address", "resent", "revoked", "expired"])
async def test_a_link_is_invalid_once_it_must_not_work_any_more(
    app: Application, mail_server: MailServer, visitor: Visitor, ending: str
) -> None:
    invited = await invite(app, username="grace")
    link = link_in(await mail_server.mail_to(ADDRESS))
    services = services_of(app)
    invitations = services.accounts.administration.invitations
    if ending == "disabled":
        await set_user_disabled(services, "grace", disabled=True)
    elif ending == "another address":
        await set_claims_of(services, "grace", StandardClaims(email="other@example.com"))
    elif ending == "resent":
        await invitations.resend(invited.user.user_id, authority=FULL)
    elif ending == "revoked":
        assert await invitations.revoke(invited.user.user_id, authority=FULL)
        assert not await invitations.revoke(invited.user.user_id, authority=FULL)
    else:
        app.clock.advance(seconds=7 * DAY + 1)

    page = await open_link(visitor, link)

    assert page.status_code == 410
    assert "ask for a new one" in text_of(page)


async def test_the_validity_of_a_link_is_a_setting(
    start_app: AppFactory, mail_server: MailServer, visitor: Visitor
) -> None:
    app = await start_app(**mail_server.settings, invitation_days=2)
    link = await invited_link(app, mail_server, username="grace")
    async with visiting(app) as early:
        app.clock.advance(seconds=2 * DAY - 60)
        assert (await open_link(early, link)).status_code == 200
    async with visiting(app) as late:
        app.clock.advance(seconds=120)
        assert (await open_link(late, link)).status_code == 410


async def test_a_taken_address_or_username_is_not_invited(
    app: Application, mail_server: MailServer
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)

    with pytest.raises(ConflictError) as address:
        await invite(app, email="GRACE@example.com", username="grace")
    with pytest.raises(ConflictError) as username:
        await invite(app, email="other@example.com", username=zoe.username.upper())

    assert (address.value.error_code, address.value.field) == ("email_taken", "email")
    assert username.value.error_code == "username_taken"
    assert mail_server.mails == []


async def test_an_invitation_that_is_not_mailed_verifies_no_address(
    app: Application, visitor: Visitor
) -> None:
    """The user of the link is not necessarily the owner of the mailbox"""
    body = Invitation(email=ADDRESS, username="grace")
    invited = await services_of(app).accounts.administration.invitations.invite(
        body, delivery=RETURNED, authority=USERS_WRITE
    )
    assert invited.link is not None

    await accept(visitor, invited.link.removeprefix(app.settings.issuer_url))

    assert (await stored(app, TestUser("grace", "", ""))).standard_claims.verified_email is None


async def test_without_a_mail_server_no_invitation_is_mailed(start_app: AppFactory) -> None:
    app = await start_app()

    with pytest.raises(ConflictError) as refused:
        await invite(app)

    assert "Email isn't set up" in refused.value.detail


async def test_users_write_alone_invites_nobody_with_a_group_or_a_role(app: Application) -> None:
    group, role = await new_group(app), await new_role(app)
    invitations = services_of(app).accounts.administration.invitations

    for values in ({"groups": (group.group_id,)}, {"roles": (role.role_id,)}):
        with pytest.raises(InsufficientScopeError):
            await invitations.invite(Invitation(email=ADDRESS, **values), authority=USERS_WRITE)


async def test_only_a_full_administrator_invites_an_administrator(app: Application) -> None:
    everything_else = authority_of(set(AdminScope) - {AdminScope.ADMIN})
    group = await new_group(app)
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_group(ADMINISTRATOR, group.group_id, authority=FULL)
    invitations = services_of(app).accounts.administration.invitations

    for values in ({"groups": (group.group_id,)}, {"roles": (ADMINISTRATOR,)}):
        with pytest.raises(FullAdministratorRequiredError):
            await invitations.invite(
                Invitation(email=ADDRESS, username="mallory", **values), authority=everything_else
            )

    assert await services_of(app).accounts.users.find("mallory") is None


async def test_the_link_to_an_invited_administrator_is_only_mailed(
    app: Application, mail_server: MailServer
) -> None:
    invitations = services_of(app).accounts.administration.invitations
    body = Invitation(email=ADDRESS, username="grace", roles=(ADMINISTRATOR,))

    with pytest.raises(ConflictError) as refused:
        await invitations.invite(body, delivery=RETURNED, authority=FULL)
    invited = await invitations.invite(body, delivery=MAILED, authority=FULL)
    with pytest.raises(ConflictError):
        await invitations.resend(invited.user.user_id, delivery=RETURNED, authority=FULL)
    printed = await invitations.resend(invited.user.user_id, delivery=PRINTED, authority=FULL)

    assert refused.value.error_code == "link_is_only_mailed"
    assert invited.link is None
    assert printed.link is not None
    assert token_in(printed.link).startswith("postern_ol_")


async def test_a_user_who_can_sign_in_is_not_invited_again(
    app: Application, mail_server: MailServer
) -> None:
    """The link would set a password without the old one"""
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    user_id = (await stored(app, zoe)).user_id

    with pytest.raises(ConflictError) as refused:
        await services_of(app).accounts.administration.invitations.resend(user_id, authority=FULL)

    assert refused.value.error_code == "invitation_accepted"


async def test_an_invited_user_is_kept_while_the_link_is_valid_and_deleted_later(
    start_app: AppFactory, mail_server: MailServer
) -> None:
    app = await start_app(**mail_server.settings, unconfirmed_user_days=3, invitation_days=9)
    invited = await invite(app, username="grace")
    task = services_of(app).accounts.unconfirmed_users

    async def run_after(days: int) -> bool:
        app.clock.advance(seconds=days * DAY)
        await task.delete_due(before=app.clock.now(), limit=10)
        return await services_of(app).accounts.users.find(invited.user.user_id) is not None

    assert [await run_after(days) for days in (4, 4, 2, 2)] == [True, True, True, False]


async def test_the_audit_log_says_who_was_invited_to_what_and_holds_no_link(
    app: Application, mail_server: MailServer
) -> None:
    group = await new_group(app)
    link = await invited_link(app, mail_server, username="grace", groups=(group.group_id,))

    events = [each async for each in services_of(app).core.audit.read_all()]

    invited = next(each for each in events if each.action == "user.invited")
    assert json.loads(invited.details)["after"]["groups"] == [group.group_id]
    assert token_in(link) not in "".join(each.details for each in events)
