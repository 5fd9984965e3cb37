"""Users who were imported with the password hash and the TOTP secret of another server."""

import tomllib
from pathlib import Path

import pytest

from app.models.accounts.users import User
from tests.support.account import stored
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.imports import import_user
from tests.support.visitor import Visitor

pytestmark = pytest.mark.both_databases

RECORDED = tomllib.loads(
    (Path(__file__).parents[1] / "unit/foreign_hashes.toml").read_text("utf-8")
)
PASSWORD, HASHES = RECORDED["password"], RECORDED["hashes"]
BCRYPT = HASHES["bcrypt 2b"]


def is_ours(user: User) -> bool:
    return user.password_hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")  # as APP_SETTINGS say


@pytest.mark.parametrize("name", HASHES)
async def test_the_password_of_the_earlier_server_is_accepted_and_hashed_again(
    app: Application, client: TestClient, name: str
) -> None:
    user = await import_user(app, password=PASSWORD, password_hash=HASHES[name])
    before = await stored(app, user)

    first = await app.password_grant(client, user)

    assert first.status_code == 200, first.text
    after = await stored(app, user)
    assert not is_ours(before)
    assert is_ours(after)
    assert after.credentials_version == before.credentials_version
    assert (await app.password_grant(client, user)).status_code == 200
    assert await app.is_active(client, first.json()["access_token"])


async def test_a_wrong_password_leaves_the_imported_hash(
    app: Application, client: TestClient
) -> None:
    user = await import_user(app, password=PASSWORD, password_hash=BCRYPT)

    refused = await app.password_grant(client, user, password="wrong password")

    assert_oauth_error(refused, "invalid_grant")
    assert (await stored(app, user)).password_hash == BCRYPT


async def test_an_imported_user_signs_in_on_the_pages_with_their_authenticator_app(
    app: Application, visitor: Visitor
) -> None:
    user = await import_user(app, password=PASSWORD, password_hash=BCRYPT)

    await visitor.sign_in(await visitor.get("/login"), user)

    assert user.username in (await visitor.get("/account")).text
    assert is_ours(await stored(app, user))


async def test_an_imported_user_can_verify_a_code_with_the_api(app: Application) -> None:
    user = await import_user(app, password=PASSWORD, password_hash=BCRYPT)

    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": True}


async def test_a_secret_that_was_not_confirmed_has_to_be(
    app: Application, client: TestClient
) -> None:
    user = await import_user(app, password=PASSWORD, password_hash=BCRYPT, otp_confirmed=False)

    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")
    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": True}
    assert (await app.password_grant(client, user)).status_code == 200


async def test_a_disabled_user_is_imported_as_such(app: Application, client: TestClient) -> None:
    user = await import_user(app, password=PASSWORD, password_hash=BCRYPT, disabled=True)

    assert_oauth_error(await app.password_grant(client, user), "invalid_grant")


async def test_a_user_without_a_hash_has_no_password(app: Application, client: TestClient) -> None:
    user = await import_user(app, password="!")

    for password in ("!", PASSWORD):
        refused = await app.password_grant(client, user, password=password)
        assert_oauth_error(refused, "invalid_grant")


async def test_a_verified_address_is_a_name_to_sign_in_with(
    app: Application, client: TestClient
) -> None:
    address = f"{app.new_name()}@example.com"
    claims = {"email": address.upper(), "email_verified": True}
    user = await import_user(app, password=PASSWORD, password_hash=BCRYPT, **claims)
    by_address = TestUser(address, PASSWORD, user.otp_secret)

    assert (await app.password_grant(client, by_address)).status_code == 200


async def test_an_address_that_is_not_verified_is_no_name_to_sign_in_with(
    app: Application, client: TestClient
) -> None:
    address = f"{app.new_name()}@example.com"
    user = await import_user(app, password=PASSWORD, password_hash=BCRYPT, email=address)
    by_address = TestUser(address, PASSWORD, user.otp_secret)

    assert_oauth_error(await app.password_grant(client, by_address), "invalid_grant")
