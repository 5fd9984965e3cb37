"""Scope names that nobody here knows: ignored, and the answer names what was granted."""

import logging

import httpx
import pytest

from tests.protocol.devices import Device, authorize_device, decide, device_client
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import CHALLENGE, REDIRECT_URI, Visitor, redeem


async def push(app: Application, client: TestClient, scope: str) -> httpx.Response:
    request = {
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": scope,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return await app.http.post("/par", data=request, auth=client.auth)


@pytest.mark.parametrize(
    ("asked", "granted"),
    [("profile admin", "profile"), ("admin email more", "email"), ("admin", "profile email")],
)
async def test_the_authorization_endpoint_ignores_unknown_scopes(
    client: TestClient, user: TestUser, visitor: Visitor, asked: str, granted: str
) -> None:
    """OpenID Connect Core section 3.1.2.1; RFC 6749 section 3.3: the default if none is left"""
    tokens = await visitor.tokens_for(client, user, scope=asked)

    assert tokens["scope"] == granted


async def test_a_pushed_request_ignores_unknown_scopes(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9126 section 2.1: as at the authorization endpoint"""
    pushed = await push(app, client, "email admin")
    assert pushed.status_code == 201

    code = await visitor.code_for(client, user, request_uri=pushed.json()["request_uri"])

    assert (await redeem(app, client, code)).json()["scope"] == "email"
    assert_oauth_error(await push(app, client, "email phone"), "invalid_scope")


@pytest.mark.parametrize(
    ("asked", "granted"), [("email admin", {"email"}), ("admin", {"profile", "email"})]
)
async def test_the_device_grant_ignores_unknown_scopes(
    app: Application, user: TestUser, visitor: Visitor, asked: str, granted: set[str]
) -> None:
    """RFC 8628 section 3.1; RFC 6749 section 3.3"""
    client = await device_client(app, scope="openid profile email")
    started = await authorize_device(app, client, scope=asked)
    device = Device(app, client, started.json())
    await decide(visitor, device, user)

    tokens = (await device.ask()).json()

    assert set(tokens["scope"].split()) == granted


async def test_client_credentials_and_password_grants_ignore_unknown_among_known_scopes(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 6"""
    of_the_client = await app.client_credentials(client, scope="admin email")
    of_the_user = await app.password_grant(client, user, scope="email admin")

    assert of_the_client.json()["scope"] == "email"
    assert of_the_user.json()["scope"] == "email"


@pytest.mark.parametrize("scope", ["admin", "PROFILE", "profil", "profile,email", "admin more"])
async def test_client_credentials_and_password_grants_refuse_only_unknown_scopes(
    app: Application, client: TestClient, user: TestUser, scope: str
) -> None:
    """SECURITY_BAR row 6: nobody looks at the result"""
    of_the_client = await app.client_credentials(client, scope=scope)
    of_the_user = await app.password_grant(client, user, scope=scope)

    assert_oauth_error(of_the_client, "invalid_scope")
    assert_oauth_error(of_the_user, "invalid_scope")


@pytest.mark.parametrize(
    ("asked", "granted"), [("email admin", "email"), ("admin", "profile email")]
)
async def test_a_refresh_ignores_unknown_scopes(
    app: Application, client: TestClient, user: TestUser, asked: str, granted: str
) -> None:
    """RFC 6749 sections 3.3 and 6"""
    first = (await app.password_grant(client, user, scope="profile email")).json()

    second = await app.refresh(client, first["refresh_token"], scope=asked)

    assert second.json()["scope"] == granted


async def test_a_custom_scope_is_known_only_for_the_client_that_registered_it(
    app: Application,
) -> None:
    """RFC 6749 section 3.3: nothing else is looked up"""
    client = await app.create_client(scope="openid invoices:read")
    await app.create_client(scope="openid invoices:write")

    answer = await app.client_credentials(client, scope="invoices:read invoices:write")

    assert answer.json()["scope"] == "invoices:read"


async def test_ignored_scopes_are_logged(
    app: Application, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The scope names and the client, at INFO"""
    target = logging.getLogger("postern.oauth.scopes")
    target.addHandler(caplog.handler)
    target.setLevel("INFO")
    try:
        await app.client_credentials(client, scope="email admin")
    finally:
        target.removeHandler(caplog.handler)
        target.setLevel(logging.NOTSET)

    assert any("admin" in each and client.client_id in each for each in caplog.messages)
