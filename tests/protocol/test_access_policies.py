"""Access policies are checked wherever a user gets a code or tokens for a client."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from app.models.accounts.groups import Group
from app.schemas.claims import StandardClaims
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.protocol.devices import device_client, question, start_device
from tests.support.account import vouched_for
from tests.support.administration import id_of, join, leave, new_group, restrict_to, set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.visitor import Visitor, answer_in, redeem, text_of, visiting

pytestmark = pytest.mark.both_databases

CONTACT = "help@example.com"
APP_SETTINGS = {"support_contact": CONTACT}


@pytest_asyncio.fixture
async def group(app: Application, client: TestClient) -> Group:
    """A group whose members alone may use the client."""
    group = await new_group(app)
    await restrict_to(app, client, group)
    return group


@pytest_asyncio.fixture
async def member(app: Application, group: Group, user: TestUser) -> TestUser:
    await join(app, group, user)
    return user


def is_refusal_page(page: httpx.Response) -> bool:
    return page.status_code == 403 and "You don't have access to" in page.text


async def signed_in(visitor: Visitor, user: TestUser, client: TestClient) -> httpx.Response:
    """Sign in for an authorization request, and return the page after it."""
    return await visitor.sign_in(await visitor.authorize(client), user)


async def test_a_user_without_access_sees_a_page_that_names_app_and_contact(
    app: Application, client: TestClient, group: Group, user: TestUser, visitor: Visitor
) -> None:
    page = await signed_in(visitor, user, client)

    assert is_refusal_page(page)
    assert CONTACT in text_of(page)
    assert f"mailto:{CONTACT}" in page.text
    assert user.username in text_of(page)
    assert "other=1" in page.text  # another account may have access


async def test_the_button_of_the_page_leads_back_to_the_client_with_access_denied(
    client: TestClient, group: Group, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 4.1.2.1"""
    page = await signed_in(visitor, user, client)

    answer = answer_in(await visitor.submit(page, to="/no-access"))

    assert answer["error"] == "access_denied"
    assert answer["state"] == "a-state"
    again = await visitor.submit(page, to="/no-access")
    assert again.status_code == 400  # a request is answered once


async def test_an_existing_session_does_not_bypass_the_policy(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await visitor.tokens_for(client, user)  # with the consent
    await restrict_to(app, client, await new_group(app))

    assert is_refusal_page(await visitor.authorize(client))


async def test_without_pages_the_client_gets_access_denied(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect Core section 3.1.2.1: prompt=none"""
    await visitor.tokens_for(client, user)
    await restrict_to(app, client)

    answer = answer_in(await visitor.authorize(client, prompt="none"))

    assert answer["error"] == "access_denied"


async def test_a_member_gets_tokens_and_loses_them_with_the_membership(
    app: Application, client: TestClient, group: Group, member: TestUser, visitor: Visitor
) -> None:
    """Access tokens that were issued before live until they expire"""
    tokens = await visitor.tokens_for(client, member, scope="openid offline_access")
    await leave(app, group, member)

    refused = await app.refresh(client, tokens["refresh_token"])

    assert_oauth_error(refused, "invalid_grant")
    assert await app.is_active(client, tokens["access_token"])
    await join(app, group, member)
    assert (await app.refresh(client, tokens["refresh_token"])).status_code == 200


async def test_a_repeated_refresh_is_refused_too(
    app: Application, client: TestClient, group: Group, member: TestUser, visitor: Visitor
) -> None:
    tokens = await visitor.tokens_for(client, member, scope="openid offline_access")
    await app.refresh(client, tokens["refresh_token"])
    await leave(app, group, member)

    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")


async def test_a_code_is_not_redeemed_for_a_user_who_lost_access(
    app: Application, client: TestClient, group: Group, member: TestUser, visitor: Visitor
) -> None:
    code = await visitor.code_for(client, member)
    await leave(app, group, member)

    assert_oauth_error(await redeem(app, client, code), "invalid_grant")


async def test_the_password_grant_refuses_like_a_wrong_password(
    app: Application, client: TestClient, group: Group, user: TestUser
) -> None:
    refused = await app.password_grant(client, user)
    wrong = await app.password_grant(client, user, password="a wrong password")

    assert_oauth_error(refused, "invalid_grant")
    assert refused.json() == wrong.json()
    await join(app, group, user)
    assert (await app.password_grant(client, user)).status_code == 200


async def test_a_password_grant_without_access_is_recorded_as_a_refused_sign_in(
    app: Application, client: TestClient, group: Group, user: TestUser
) -> None:
    user_id = await id_of(app, user)

    await app.password_grant(client, user)

    events = [each async for each in services_of(app).core.audit.read_all()]
    last = [each for each in events if each.user_id == user_id][-1]
    assert (last.action, json.loads(last.details)["reason"]) == ("sign_in.refused", "access")


async def test_nobody_may_use_a_client_that_is_closed(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await restrict_to(app, client)

    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")
    assert is_refusal_page(await signed_in(visitor, user, client))
    assert (await app.client_credentials(client)).status_code == 200  # no user takes part


async def test_a_client_may_require_that_the_email_address_of_users_is_verified(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """For applications to which the address is the username, such as Kubernetes"""
    user = await person_with(app, email=f"{app.new_name()}@example.com")
    await set_policies(app, client, require_verified_email=True)

    password = await app.password_grant(client, user)
    page = await signed_in(visitor, user, client)
    await vouched_for(app, user, "email_verified")
    tokens = (await app.password_grant(client, user)).json()
    await claims_without_email(app, user)
    refreshed = await app.refresh(client, tokens["refresh_token"])

    assert_oauth_error(password, "invalid_grant")
    assert is_refusal_page(page)
    assert_oauth_error(refreshed, "invalid_grant")


async def claims_without_email(app: Application, user: TestUser) -> None:
    administration = services_of(app).accounts.administration.users
    await administration.set_claims(
        await id_of(app, user), StandardClaims(), unset=["email"], authority=FULL
    )


async def test_a_device_is_not_approved_by_a_user_without_access(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8628 section 3.3; a forged form is not accepted either"""
    client = await device_client(app)
    device = await start_device(app, client)
    page = await question(visitor, device, user)
    await restrict_to(app, client, await new_group(app))

    forged = await visitor.submit(page, to="/device/decision", decision="allow")
    shown = await visitor.get("/device", user_code=device.user_code)

    assert is_refusal_page(forged)
    assert is_refusal_page(shown)
    assert_oauth_error(await device.ask(), "authorization_pending")
    app.clock.advance(seconds=10)
    await visitor.submit(shown, to="/device/decision")
    assert_oauth_error(await device.ask(), "access_denied")


async def test_an_approved_device_gets_no_tokens_for_a_user_who_lost_access(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8628 section 3.4"""
    client, group = await device_client(app), await new_group(app, user)
    await restrict_to(app, client, group)
    device = await start_device(app, client)
    page = await question(visitor, device, user)
    await visitor.submit(page, to="/device/decision", decision="allow")
    await leave(app, group, user)

    assert_oauth_error(await device.ask(), "invalid_grant")


async def test_a_user_can_switch_to_an_account_with_access(
    app: Application, client: TestClient, group: Group, member: TestUser, visitor: Visitor
) -> None:
    stranger = await app.enrolled_user()
    page = await signed_in(visitor, stranger, client)
    switch = page.text.partition('class="switch" href="')[2].partition('"')[0]

    login = await visitor.get(switch.replace("&amp;", "&"))
    page = await visitor.sign_in(login, member)

    assert 'action="/consent"' in page.text


@pytest_asyncio.fixture
async def strict_app(start_app: AppFactory) -> AsyncIterator[Application]:
    yield await start_app(token_error_limit=1)


async def test_users_who_lost_access_do_not_slow_their_client_down(
    strict_app: Application,
) -> None:
    """A refusal by policy is not a guess"""
    app = strict_app
    client, user = await app.create_client(), await app.enrolled_user()
    async with visiting(app) as visitor:
        tokens = await visitor.tokens_for(client, user, scope="openid offline_access")
    await restrict_to(app, client)

    for _ in range(5):
        assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")

    assert (await app.client_credentials(client)).status_code == 200
