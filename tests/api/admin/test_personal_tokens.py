"""Personal access tokens of users in the admin API: listed without the tokens, and revoked."""

import pytest

from tests.api.admin.test_client_tokens import with_scopes
from tests.support.account import happened, stored
from tests.support.admin_api import ADMIN_TOKEN, all_pages
from tests.support.administration import id_of, make
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.resources import new_resource

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
UNKNOWN = "0" * 32


async def new_token(app: Application, user: TestUser) -> str:
    resource = await new_resource(app, allows_personal_tokens=True)
    return await services_of(app).oauth.personal_tokens.create(
        await stored(app, user),
        name="Backup",
        resource_name=resource.name,
        scopes={"read"},
        days=30,
    )


async def test_tokens_of_a_user_are_listed_by_page_and_revoked(
    app: Application, user: TestUser
) -> None:
    secrets = [await new_token(app, user) for _ in range(3)]
    api = await with_scopes(app, "tokens:read", "tokens:write")
    path = f"/users/{await id_of(app, user)}/personal-tokens"

    listed = await all_pages(api, path, limit=2)

    assert [each["name"] for each in listed] == ["Backup"] * 3
    assert not any(secret in str(listed) for secret in secrets)
    one = f"{path}/{listed[0]['token_id']}"
    assert (await api.delete(one)).status_code == 204
    assert (await api.delete(one)).status_code == 404
    assert await all_pages(api, path) == listed[1:]
    action, _ = (await happened(app, await id_of(app, user)))[-1]
    assert action == "personal_token.revoked"


async def test_only_a_full_administrator_revokes_a_token_of_an_administrator(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR: nobody may change what holds more than they do"""
    await new_token(app, user)
    await make(app, user, "administrator")
    api = await with_scopes(app, "tokens:read", "tokens:write")
    path = f"/users/{await id_of(app, user)}/personal-tokens"
    (listed,) = await all_pages(api, path)

    response = await api.delete(f"{path}/{listed['token_id']}")

    assert response.status_code == 403
    assert await all_pages(api, path) == [listed]
