"""Access tokens bound to the certificate of their client (RFC 8705 sections 3 and 4)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.protocol.devices import DEVICE_CODE, decide, start_device
from tests.support.administration import list_admin_scopes
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import make
from tests.support.mutual_tls import behind_proxy, presenting
from tests.support.visitor import Visitor, redeem

APP_SETTINGS = behind_proxy(None)
OWN, OTHER = make("CN=own"), make("CN=other")
BOUND = {"tls_client_certificate_bound_access_tokens": True}
ADMIN_PATH = "/admin/api/v1/users"
RESOURCES = ("/userinfo", "/profile", ADMIN_PATH)


@pytest_asyncio.fixture
async def own(app: Application) -> AsyncIterator[Application]:
    """Call with the certificate of the client."""
    async with presenting(app, OWN) as caller:
        yield caller


@pytest_asyncio.fixture
async def other(app: Application) -> AsyncIterator[Application]:
    """Call with the certificate of a thief."""
    async with presenting(app, OTHER) as caller:
        yield caller


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    return await app.create_client(**BOUND, scope="openid profile offline_access")


async def public_client(app: Application) -> TestClient:
    return await app.create_client(
        **BOUND, token_endpoint_auth_method="none", scope="openid offline_access"
    )


async def by_client_credentials(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> httpx.Response:
    return await app.client_credentials(client)


async def by_password(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> httpx.Response:
    return await app.password_grant(client, user)


async def by_code(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> httpx.Response:
    return await redeem(app, client, await visitor.code_for(client, user))


async def by_device(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> httpx.Response:
    device = await start_device(app, client)
    await decide(visitor, device, user)
    form = {"grant_type": DEVICE_CODE, "device_code": device.answer["device_code"]}
    return await app.token(client, **form)


async def by_refresh(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> httpx.Response:
    async with presenting(app, OWN) as caller:
        first = await caller.password_grant(client, user)
    assert first.status_code == 200, first.text
    return await app.refresh(client, first.json()["refresh_token"])


Way = Callable[[Application, TestClient, TestUser, Visitor], Awaitable[httpx.Response]]
WAYS: tuple[Way, ...] = (by_client_credentials, by_password, by_code, by_device, by_refresh)


async def client_of_every_grant(app: Application) -> TestClient:
    grants = ["client_credentials", "password", "authorization_code", "refresh_token", DEVICE_CODE]
    return await app.create_client(**BOUND, grant_types=grants)


@pytest.mark.parametrize("way", WAYS)
async def test_the_token_of_every_grant_is_bound(
    app: Application, own: Application, user: TestUser, visitor: Visitor, way: Way
) -> None:
    """RFC 8705 sections 3.1 and 3.2"""
    client = await client_of_every_grant(app)

    response = await way(own, client, user, visitor)

    assert response.status_code == 200, response.text
    answer = await app.introspect(client, response.json()["access_token"])
    assert answer["cnf"] == {"x5t#S256": OWN.thumbprint}
    assert answer["token_type"] == response.json()["token_type"] == "Bearer"


@pytest.mark.parametrize("way", WAYS)
async def test_no_grant_issues_an_unbound_token_to_such_a_client(
    app: Application, user: TestUser, visitor: Visitor, way: Way
) -> None:
    """RFC 8705 section 3.4; SECURITY_BAR row 38: downgrade to Bearer"""
    client = await client_of_every_grant(app)

    response = await way(app, client, user, visitor)

    assert_oauth_error(response, "invalid_request")
    assert "certificate" in response.json()["error_description"]


async def test_a_refused_request_without_a_certificate_uses_up_no_code(
    app: Application, own: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8705 section 3.4"""
    code = await visitor.code_for(client, user)

    assert_oauth_error(await redeem(app, client, code), "invalid_request")

    assert (await redeem(own, client, code)).status_code == 200


async def test_a_client_that_did_not_register_it_gets_unbound_tokens(
    app: Application, own: Application
) -> None:
    """RFC 8705 section 3.4: a certificate alone binds nothing"""
    client = await app.create_client()

    token = (await own.client_credentials(client)).json()["access_token"]

    assert "cnf" not in await app.introspect(client, token)
    assert (await app.profile(token)).status_code == 200


async def tokens_for_resources(
    app: Application, own: Application, client: TestClient, user: TestUser
) -> dict[str, str]:
    """Return a bound token for each of our resources."""
    by_user = (await own.password_grant(client, user, scope="openid")).json()["access_token"]
    await list_admin_scopes(app, client, "users:read")
    by_itself = await own.client_credentials(client, scope="users:read")
    assert by_itself.status_code == 200, by_itself.text
    return {
        "/userinfo": by_user,
        "/profile": by_user,
        ADMIN_PATH: by_itself.json()["access_token"],
    }


async def test_every_resource_of_ours_takes_a_bound_token_with_its_certificate_only(
    app: Application, own: Application, other: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 8705 section 3; SECURITY_BAR row 38"""
    tokens = await tokens_for_resources(app, own, client, user)

    for path in RESOURCES:
        headers = {"Authorization": f"Bearer {tokens[path]}"}
        assert (await own.http.get(path, headers=headers)).status_code == 200, path
        for caller in (app, other):
            response = await caller.http.get(path, headers=headers)
            assert response.status_code == 401, path
            assert response.json()["error"] == "invalid_token", path
            assert "WWW-Authenticate" in response.headers


async def test_a_bound_token_in_a_form_requires_its_certificate_too(
    app: Application, own: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 8705 section 3; RFC 6750 section 2.2"""
    token = (await own.password_grant(client, user, scope="openid")).json()["access_token"]
    form = {"access_token": token}

    assert (await own.http.post("/userinfo", data=form)).status_code == 200
    assert_oauth_error(await app.http.post("/userinfo", data=form), "invalid_token", status=401)


async def test_the_answer_says_which_certificate_is_missing(
    app: Application, own: Application, client: TestClient
) -> None:
    token = (await own.client_credentials(client)).json()["access_token"]

    response = await app.profile(token)

    assert "certificate" in response.json()["error_description"]


async def test_the_refresh_token_of_a_public_client_is_bound(
    app: Application, own: Application, other: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8705 section 4"""
    client = await public_client(app)
    first = await redeem(own, client, await visitor.code_for(client, user))
    token = first.json()["refresh_token"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": client.client_id,
    }

    assert_oauth_error(await other.token(None, **form), "invalid_grant")
    assert_oauth_error(await app.token(None, **form), "invalid_request")
    refreshed = await own.token(None, **form)

    assert refreshed.status_code == 200, refreshed.text
    asking = await app.create_client()
    answer = await app.introspect(asking, refreshed.json()["access_token"])
    assert answer["cnf"] == {"x5t#S256": OWN.thumbprint}


async def test_a_refused_certificate_does_not_revoke_the_family(
    app: Application, own: Application, other: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8705 section 4: who only stole the refresh token can neither use nor end it"""
    client = await public_client(app)
    first = (await redeem(own, client, await visitor.code_for(client, user))).json()
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "client_id": client.client_id,
    }

    for _ in range(3):
        assert_oauth_error(await other.token(None, **form), "invalid_grant")

    assert (await own.token(None, **form)).status_code == 200


async def test_the_refresh_token_of_a_confidential_client_follows_its_new_certificate(
    app: Application, own: Application, other: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 8705 section 4: such a client authenticates, so that it can replace its certificate"""
    first = (await own.password_grant(client, user)).json()

    refreshed = await other.refresh(client, first["refresh_token"])

    assert refreshed.status_code == 200, refreshed.text
    answer = await app.introspect(client, refreshed.json()["access_token"])
    assert answer["cnf"] == {"x5t#S256": OTHER.thumbprint}


async def test_a_repeated_refresh_returns_the_token_of_the_first_certificate(
    app: Application, own: Application, other: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR rows 9 and 38: a repeated refresh keeps the binding of the first"""
    first = (await own.password_grant(client, user)).json()
    refreshed = (await own.refresh(client, first["refresh_token"])).json()

    repeated = (await other.refresh(client, first["refresh_token"])).json()

    assert repeated["access_token"] == refreshed["access_token"]
    answer = await app.introspect(client, repeated["access_token"])
    assert answer["cnf"] == {"x5t#S256": OWN.thumbprint}


async def test_the_binding_stays_when_the_client_stops_asking_for_it(
    app: Application, own: Application, other: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8705 section 4: a change of the client frees no token that is already bound"""
    members: dict[str, Any] = {
        "redirect_uris": ["http://localhost:3000/callback"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid offline_access",
    }
    registered = (await app.http.post("/register", json={**members, **BOUND})).json()
    client = TestClient(registered["client_id"], "")
    first = (await redeem(own, client, await visitor.code_for(client, user))).json()
    changed = await app.http.put(
        f"/register/{client.client_id}",
        json={**members, "client_id": client.client_id},
        headers={"Authorization": f"Bearer {registered['registration_access_token']}"},
    )
    assert changed.status_code == 200, changed.text
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first["refresh_token"],
        "client_id": client.client_id,
    }

    for caller in (app, other):
        assert_oauth_error(await caller.token(None, **form), "invalid_grant")
    refreshed = (await own.token(None, **form)).json()

    assert (await own.profile(refreshed["access_token"])).status_code == 200
    assert (await app.profile(refreshed["access_token"])).status_code == 401


async def test_introspection_of_a_bound_refresh_token_shows_its_certificate(
    app: Application, own: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 8705 section 3.2: that of a confidential client is bound to none"""
    first = (await own.password_grant(client, user)).json()

    answer = await app.introspect(client, first["refresh_token"])

    assert answer["active"] is True
    assert "cnf" not in answer
