"""Token revocation (RFC 7009)."""

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases


async def test_revoking_an_access_token_does_not_revoke_its_family(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 7009 section 2.1"""
    pair = (await app.password_grant(client, user)).json()

    answer = await app.revoke(client, pair["access_token"])

    assert answer.status_code == 200
    assert answer.content == b""
    assert not await app.is_active(client, pair["access_token"])
    assert_oauth_error(await app.profile(pair["access_token"]), "invalid_token", status=401)
    assert (await app.refresh(client, pair["refresh_token"])).status_code == 200


async def test_a_client_credentials_token_can_be_revoked(
    app: Application, client: TestClient
) -> None:
    """RFC 7009 section 2.1"""
    revoked = (await app.client_credentials(client)).json()["access_token"]
    kept = (await app.client_credentials(client)).json()["access_token"]

    await app.revoke(client, revoked)

    assert not await app.is_active(client, revoked)
    assert await app.is_active(client, kept)


async def test_revoking_a_refresh_token_revokes_every_token_of_its_sign_in(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 7009 section 2.1: the access tokens of the same grant too"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()
    elsewhere = (await app.password_grant(client, user)).json()

    answer = await app.revoke(client, second["refresh_token"])

    assert answer.status_code == 200
    assert not await app.is_active(client, first["access_token"])
    assert not await app.is_active(client, second["access_token"])
    assert_oauth_error(await app.refresh(client, second["refresh_token"]), "invalid_grant")
    assert_oauth_error(await app.refresh(client, first["refresh_token"]), "invalid_grant")
    assert await app.is_active(client, elsewhere["access_token"])


async def test_revoking_a_used_refresh_token_revokes_its_family(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 7009 section 2.1: a person who signs out with an old token is signed out"""
    first = (await app.password_grant(client, user)).json()
    second = (await app.refresh(client, first["refresh_token"])).json()

    await app.revoke(client, first["refresh_token"])

    assert not await app.is_active(client, second["access_token"])


async def test_tokens_of_another_client_are_not_revoked_and_the_response_is_the_same(
    app: Application, client: TestClient, other_client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 39; RFC 7009 section 2.1"""
    pair = (await app.password_grant(client, user)).json()
    machine = (await app.client_credentials(client)).json()["access_token"]
    tokens = [pair["access_token"], pair["refresh_token"], machine]

    answers = [await app.revoke(other_client, token) for token in tokens]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 3
    for token in tokens:
        assert await app.is_active(client, token)


@pytest.mark.parametrize(
    "token",
    ["postern_at_nothing", "postern_rt_nothing", "nothing", "postern_rt_é", "x" * 10_000],
    ids=lambda value: ascii(value[:20]),
)
async def test_revoking_an_unknown_token_succeeds(
    app: Application, client: TestClient, token: str
) -> None:
    """RFC 7009 section 2.2"""
    answer = await app.revoke(client, token)

    assert answer.status_code == 200
    assert answer.content == b""


async def test_revoking_twice_is_not_an_error(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """RFC 7009 section 2.2"""
    pair = (await app.password_grant(client, user)).json()

    answers = [
        await app.revoke(client, pair[kind])
        for kind in ("access_token", "access_token", "refresh_token", "refresh_token")
    ]

    assert [answer.status_code for answer in answers] == [200] * 4


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "something_else"])
async def test_a_token_is_revoked_despite_a_wrong_hint(
    app: Application, client: TestClient, user: TestUser, hint: str
) -> None:
    """RFC 7009 section 2.1: the search extends across all kinds"""
    pair = (await app.password_grant(client, user)).json()

    answer = await app.http.post(
        "/revoke",
        data={"token": pair["refresh_token"], "token_type_hint": hint},
        auth=client.auth,
    )

    assert answer.status_code == 200
    assert not await app.is_active(client, pair["access_token"])


async def test_a_public_client_cannot_revoke_the_token_of_another_client(
    app: Application, client: TestClient
) -> None:
    """RFC 7009 section 2.1: a public client names itself"""
    public = await app.create_client(token_endpoint_auth_method="none")
    token = (await app.client_credentials(client)).json()["access_token"]

    answer = await app.http.post("/revoke", data={"token": token, "client_id": public.client_id})

    assert answer.status_code == 200
    assert await app.is_active(client, token)


async def test_revocation_requires_client_authentication(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 39"""
    token = (await app.client_credentials(client)).json()["access_token"]

    without = await app.http.post("/revoke", data={"token": token})
    with_the_token_itself = await app.http.post(
        "/revoke", data={"token": token}, headers={"Authorization": f"Bearer {token}"}
    )

    assert_oauth_error(without, "invalid_client", status=401)
    assert_oauth_error(with_the_token_itself, "invalid_client", status=401)
    assert await app.is_active(client, token)


async def test_a_missing_token_is_an_invalid_request(app: Application, client: TestClient) -> None:
    """RFC 7009 section 2.2.1"""
    answer = await app.revoke(client, "")

    assert_oauth_error(answer, "invalid_request")
