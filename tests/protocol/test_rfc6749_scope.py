"""Scope (RFC 6749 section 3.3): asked for, registered, narrowed, refused when wider."""

from urllib.parse import quote

import pytest

from tests.protocol.wire import post_body
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error


async def test_the_default_is_the_registered_scope_without_openid_and_offline_access(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """CONTRACT; RFC 6749 section 3.3: the answer names what was granted"""
    of_the_client = await app.client_credentials(client)
    of_the_user = await app.password_grant(client, user)

    assert of_the_client.json()["scope"] == "profile email"
    assert of_the_user.json()["scope"] == "profile email"


async def test_a_narrower_scope_is_granted_as_requested(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 section 3.3"""
    answer = await app.client_credentials(client, scope="email openid")

    assert answer.json()["scope"] == "email openid"
    introspected = await app.introspect(client, answer.json()["access_token"])
    assert introspected["scope"] == "email openid"


async def test_a_repeated_scope_name_is_granted_once(app: Application, client: TestClient) -> None:
    """RFC 6749 section 3.3"""
    answer = await app.client_credentials(client, scope="profile profile email")

    assert answer.json()["scope"] == "profile email"


async def test_a_client_registered_without_a_scope_gets_no_scope(app: Application) -> None:
    """RFC 6749 section 3.3"""
    client = await app.create_client(scope="")

    without = await app.client_credentials(client)
    asking = await app.client_credentials(client, scope="profile")

    assert without.status_code == 200
    assert "scope" not in without.json()
    assert_oauth_error(asking, "invalid_scope")


@pytest.mark.parametrize(
    "scope",
    ["address", "profile address", "openid profile email phone", "phone admin"],
)
async def test_a_scope_beyond_the_registered_one_is_refused_as_a_whole(
    app: Application, client: TestClient, scope: str
) -> None:
    """SECURITY_BAR row 6"""
    answer = await app.client_credentials(client, scope=scope)

    assert_oauth_error(answer, "invalid_scope")


async def test_a_scope_beyond_the_registered_one_is_refused_for_users_too(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 6"""
    answer = await app.password_grant(client, user, scope="profile address")

    assert_oauth_error(answer, "invalid_scope")


@pytest.mark.parametrize(
    "scope",
    [
        'profile"',
        '"profile"',
        "profile\\",
        "profile é",
        "profile\u00a0email",
        "profile\u3000email",
        " ",
        "x" * 10_240,
        "profile " * 1280,
    ],
    ids=lambda value: ascii(value[:20]),
)
async def test_quotes_non_ascii_letters_and_ten_kilobytes_are_an_invalid_scope(
    app: Application, client: TestClient, scope: str
) -> None:
    """SECURITY_BAR row 6"""
    answer = await app.client_credentials(client, scope=scope)

    assert_oauth_error(answer, "invalid_scope")
    assert "x" * 10 not in answer.text


@pytest.mark.parametrize("character", ["\x00", "\t", "\n", "\r", "\x1b", "\x7f", "\x85"])
async def test_control_characters_are_an_invalid_scope(
    app: Application, client: TestClient, character: str
) -> None:
    """SECURITY_BAR row 6: `invalid_scope`, although the form could not be stored either"""
    body = f"grant_type=client_credentials&scope=profile{quote(character)}email"

    answer = await post_body(app, body.encode(), client=client)

    assert_oauth_error(answer, "invalid_scope")
