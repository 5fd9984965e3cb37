"""Token introspection (RFC 7662)."""

import httpx
import pytest

from app.schemas.tokens import IntrospectionResponse
from app.services.operations.authority import FULL
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases

INACTIVE = {"active": False}


async def _ask(app: Application, client: TestClient, token: str) -> httpx.Response:
    return await app.http.post("/introspect", data={"token": token}, auth=client.auth)


async def test_a_client_token_is_returned_with_its_client_scope_and_times(
    app: Application, client: TestClient
) -> None:
    """RFC 7662 section 2.2"""
    token = (await app.client_credentials(client, scope="profile")).json()["access_token"]

    body = await app.introspect(client, token)

    now = int(app.clock.now().timestamp())
    assert body == {
        "active": True,
        "scope": "profile",
        "client_id": client.client_id,
        "token_type": "Bearer",
        "iat": now,
        "exp": now + 3600,
        "sub": client.client_id,
        "iss": app.settings.issuer_url,
    }


async def test_responses_have_the_members_that_the_documentation_describes(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 7662 section 2.2"""
    pair = (await app.password_grant(client, user)).json()
    own = (await app.client_credentials(client)).json()["access_token"]

    bodies = [
        await app.introspect(client, token)
        for token in (own, pair["access_token"], pair["refresh_token"], "unknown")
    ]

    for body in bodies:
        described = IntrospectionResponse.model_validate(body)
        assert described.model_dump(exclude_none=True) == body
        assert not described.model_extra


async def test_the_tokens_of_a_user_have_the_username_and_a_stable_subject(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 7662 section 2.2"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.password_grant(client, user)).json()

    bodies = [
        await app.introspect(client, first["access_token"]),
        await app.introspect(client, second["access_token"]),
        await app.introspect(client, first["refresh_token"]),
    ]

    assert {body["username"] for body in bodies} == {user.username}
    assert len({body["sub"] for body in bodies}) == 1
    assert bodies[0]["sub"] not in (user.username, client.client_id)
    assert [body["token_type"] for body in bodies] == ["Bearer", "Bearer", "refresh_token"]


async def test_any_confidential_client_may_introspect_access_tokens(
    app: Application, client: TestClient, other_client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 39: services do that"""
    token = (await app.password_grant(client, user)).json()["access_token"]

    by_the_other = await app.introspect(other_client, token)

    assert by_the_other["active"] is True
    assert by_the_other["client_id"] == client.client_id


async def test_only_its_own_client_can_introspect_a_refresh_token(
    app: Application, client: TestClient, other_client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 39"""
    token = (await app.password_grant(client, user)).json()["refresh_token"]

    by_its_own = await app.introspect(client, token)
    by_the_other = await app.introspect(other_client, token)

    assert by_its_own["active"] is True
    assert by_the_other == INACTIVE


async def test_a_public_client_cannot_introspect(app: Application, client: TestClient) -> None:
    """SECURITY_BAR row 39; RFC 7662 section 2.1"""
    public = await app.create_client(token_endpoint_auth_method="none")
    token = (await app.client_credentials(client)).json()["access_token"]

    answer = await app.http.post(
        "/introspect", data={"token": token, "client_id": public.client_id}
    )

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_introspection_requires_client_authentication(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 39; RFC 7662 section 2.1: otherwise tokens can be scanned for"""
    token = (await app.client_credentials(client)).json()["access_token"]

    without = await app.http.post("/introspect", data={"token": token})
    with_the_token_itself = await app.http.post(
        "/introspect", data={"token": token}, headers={"Authorization": f"Bearer {token}"}
    )

    assert_oauth_error(without, "invalid_client", status=401)
    assert_oauth_error(with_the_token_itself, "invalid_client", status=401)


@pytest.mark.parametrize(
    "token",
    ["postern_at_nothing", "postern_rt_nothing", "postern_cs_nothing", "x", "postern_at_é"],
)
async def test_an_unknown_token_is_only_reported_inactive(
    app: Application, client: TestClient, token: str
) -> None:
    """RFC 7662 section 2.2: nothing else, so that a stranger learns nothing"""
    answer = await _ask(app, client, token)

    assert answer.status_code == 200
    assert answer.json() == INACTIVE


async def test_expired_revoked_and_used_tokens_are_only_reported_inactive(
    app: Application, client: TestClient, user: TestUser, operator: Services
) -> None:
    """RFC 7662 section 2.2: expired, revoked and used look like unknown"""
    disabled = await app.create_client()
    expired = (await app.client_credentials(client)).json()["access_token"]
    idle = (await app.password_grant(client, user)).json()["refresh_token"]
    app.clock.advance(seconds=30 * 86_400)
    revoked = (await app.client_credentials(client)).json()["access_token"]
    await app.revoke(client, revoked)
    used = (await app.password_grant(client, user)).json()["refresh_token"]
    await app.refresh(client, used)
    of_the_disabled = (await app.client_credentials(disabled)).json()["access_token"]
    await operator.clients.administration.set_disabled(
        disabled.client_id, disabled=True, authority=FULL
    )

    answers = [
        await app.introspect(client, token)
        for token in (expired, idle, revoked, used, of_the_disabled)
    ]

    assert answers == [INACTIVE] * 5


async def test_a_token_is_active_as_soon_as_it_is_issued(
    app: Application, client: TestClient
) -> None:
    """ARCHITECTURE: a look-up starts on a fresh snapshot"""
    for _ in range(20):
        token = (await app.client_credentials(client)).json()["access_token"]

        assert await app.is_active(client, token)


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "something_else"])
async def test_a_token_is_found_despite_a_wrong_hint(
    app: Application, client: TestClient, user: TestUser, hint: str
) -> None:
    """RFC 7662 section 2.1"""
    pair = (await app.password_grant(client, user)).json()

    for token in (pair["access_token"], pair["refresh_token"]):
        assert (await app.introspect(client, token, token_type_hint=hint))["active"] is True


async def test_a_missing_token_is_an_invalid_request(app: Application, client: TestClient) -> None:
    """RFC 7662 section 2.1"""
    answer = await _ask(app, client, "")

    assert_oauth_error(answer, "invalid_request")


async def test_the_client_secret_may_be_sent_in_the_form(
    app: Application, client: TestClient
) -> None:
    """RFC 7662 section 2.1; RFC 8414: introspection_endpoint_auth_methods_supported"""
    token = (await app.client_credentials(client)).json()["access_token"]

    answer = await app.http.post(
        "/introspect",
        data={
            "token": token,
            "client_id": client.client_id,
            "client_secret": client.client_secret,
        },
    )

    assert answer.json()["active"] is True


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
async def test_a_token_in_the_query_is_an_invalid_request(
    app: Application, client: TestClient, path: str
) -> None:
    """SECURITY_BAR row 14"""
    token = (await app.client_credentials(client)).json()["access_token"]

    answer = await app.http.post(path, params={"token": token}, auth=client.auth)

    assert_oauth_error(answer, "invalid_request")
    assert await app.is_active(client, token)
