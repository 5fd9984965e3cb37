"""`/account/data`: a person takes along what is kept about him."""

import json
from typing import Any

import httpx
import pytest

from app.services.accounts.events import AccountEvent
from app.services.operations.authority import FULL
from tests.support.account import happened, signed_in, stored
from tests.support.administration import define, id_of, new_group, new_role
from tests.support.application import Application, TestClient, TestUser
from tests.support.logout import sid_of
from tests.support.parts import services_of
from tests.support.people import CLAIMS, person_with
from tests.support.visitor import Visitor, text_of, visiting

PAGE = "/account/data"
DOWNLOAD = "/account/data/download"


async def download(visitor: Visitor) -> httpx.Response:
    answer = await visitor.submit(await visitor.get(PAGE), to=DOWNLOAD)
    assert answer.status_code == 200, answer.text
    return answer


async def data_of(visitor: Visitor) -> dict[str, Any]:
    said: dict[str, Any] = (await download(visitor)).json()
    return said


async def test_the_export_is_an_attachment_that_must_not_be_cached(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    answer = await download(visitor)

    assert answer.headers["content-disposition"] == 'attachment; filename="account-data.json"'
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"


async def test_the_export_contains_the_data_stored_about_the_user(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    user = await person_with(app, **CLAIMS)
    await visitor.tokens_for(client, user, scope="openid email")
    used = app.clock.now()
    await services_of(app).clients.usage.store()

    said = await data_of(visitor)

    assert said["account"]["username"] == user.username
    assert said["account"]["profile"] == {
        **CLAIMS,
        "email_verified": False,
        "phone_number_verified": False,
    }
    assert said["signing_in"]["has_password"] is True
    assert said["signing_in"]["authenticator_app_confirmed_at"] is not None
    assert said["signing_in"]["passkeys"] == []
    assert said["signing_in"]["recovery_codes_left"] == 0
    assert len(said["sessions"]) == 1
    (application,) = said["applications"]
    assert application["client_id"] == client.client_id
    assert application["scopes"] == ["email", "openid"]
    assert application["last_used_at"] == used.isoformat(timespec="seconds")
    assert application["last_used_from"] == "127.0.0.1"
    actions = [event["action"] for event in said["activity"]]
    assert actions[0] == "user.data_exported"
    assert actions[-1] == "user.registered"


async def test_the_export_contains_groups_roles_and_attributes(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    group = await new_group(app, user)
    role = await new_role(app, group, client=client)
    await define(app, "floor", "number")
    await services_of(app).accounts.user_attributes.set(
        await id_of(app, user), {"floor": 4}, authority=FULL
    )
    await signed_in(visitor, user)

    said = await data_of(visitor)

    assert said["groups"] == [group.name]
    assert said["roles"] == [{"client_id": client.client_id, "name": role.name}]
    assert said["attributes"] == {"floor": 4}


async def test_the_export_contains_no_secrets(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 13 and 20"""
    tokens = await visitor.tokens_for(client, user, scope="openid offline_access")
    person = await stored(app, user)
    assert person.otp_secret is not None

    text = (await download(visitor)).text

    for secret in (
        user.password,
        user.otp_secret,
        person.password_hash,
        person.otp_secret.hex(),
        person.credentials_version,
        person.pairwise_salt.hex(),
        tokens["access_token"],
        tokens["refresh_token"],
        visitor.http.cookies["postern_sessions"],
        sid_of(tokens["id_token"]),
    ):
        assert secret not in text


async def test_the_export_contains_no_data_of_other_users(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    other = await person_with(app, name="Somebody Else")
    async with visiting(app) as theirs:
        await theirs.tokens_for(client, other)
    await signed_in(visitor, user)

    said = await data_of(visitor)

    text = json.dumps(said)
    assert "Somebody Else" not in text
    assert (await stored(app, other)).user_id not in text
    assert said["applications"] == []


@pytest.mark.slow
async def test_the_export_contains_the_whole_activity_history(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    user_id = (await stored(app, user)).user_id
    for number in range(450):
        await services_of(app).core.audit.record(
            AccountEvent.PASSKEY_RENAMED, user_id=user_id, name=str(number)
        )
    await signed_in(visitor, user)

    said = await data_of(visitor)

    names = [each["details"].get("name") for each in said["activity"]]
    assert [name for name in names if name is not None] == [str(n) for n in reversed(range(450))]


async def test_the_export_is_recorded_in_the_audit_log(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    await download(visitor)

    assert ("user.data_exported", {}) in await happened(app, (await stored(app, user)).user_id)


async def test_the_page_explains_what_deleting_the_account_means(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    page = text_of(await visitor.get(PAGE))

    assert "deleted immediately and permanently" in page
    assert f"Enter {user.username} to confirm." in page
