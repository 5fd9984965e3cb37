"""`GET /profile`: who bears an access token (CONTRACT.md, RFC 6750)."""

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases


async def test_a_user_token_returns_the_username_as_registered(
    app: Application, client: TestClient
) -> None:
    user = await app.enrolled_user(app.new_name("Zoë"))
    token = (await app.password_grant(client, user)).json()["access_token"]

    answer = await app.profile(token)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"type": "user", "username": user.username, "otp_verified": True}


async def test_a_client_token_returns_the_client(app: Application, client: TestClient) -> None:
    token = (await app.client_credentials(client)).json()["access_token"]

    answer = await app.profile(token)

    assert answer.json() == {
        "type": "client",
        "client_id": client.client_id,
        "message": "Machine token access",
    }


async def test_no_particular_scope_is_required(app: Application) -> None:
    client = await app.create_client(scope="orders")
    token = (await app.client_credentials(client, scope="orders")).json()["access_token"]

    assert (await app.profile(token)).status_code == 200


async def test_a_request_without_a_token_gets_a_challenge_without_an_error(
    app: Application,
) -> None:
    """RFC 6750 section 3.1"""
    answer = await app.http.get("/profile")

    assert answer.status_code == 401
    assert answer.headers.get_list("www-authenticate")[0] == 'Bearer realm="postern"'


async def test_an_expired_token_is_refused(app: Application, client: TestClient) -> None:
    token = (await app.client_credentials(client)).json()["access_token"]
    app.clock.advance(seconds=3599)
    assert (await app.profile(token)).status_code == 200

    app.clock.advance(seconds=1)
    answer = await app.profile(token)

    assert_oauth_error(answer, "invalid_token", status=401)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_refresh_token_is_not_accepted_as_an_access_token(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 36"""
    token = (await app.password_grant(client, user)).json()["refresh_token"]

    assert_oauth_error(await app.profile(token), "invalid_token", status=401)


async def test_a_token_in_the_query_is_refused(app: Application, client: TestClient) -> None:
    """SECURITY_BAR row 14; RFC 6750 section 2.3"""
    token = (await app.client_credentials(client)).json()["access_token"]

    alone = await app.http.get("/profile", params={"access_token": token})
    beside = await app.http.get(
        "/profile",
        params={"access_token": token},
        headers={"authorization": f"Bearer {token}"},
    )

    assert alone.status_code in (400, 401)
    assert beside.status_code == 400


@pytest.mark.parametrize(
    "header",
    [
        b"Bearer", b"Bearer ", b"Bearer x", b"bearer\tx", b"Basic dTpw", b"Bearer \xff\xfe",
        b"Bearer " + b"a" * 60_000, b"Bearer postern_at_", b"Bearer postern_at_\xc3\xa9",
        b"Bearer postern_at_x y", b"Token x", b"",
    ],
)  # fmt: skip
async def test_an_invalid_or_malformed_token_is_401(app: Application, header: bytes) -> None:
    """SECURITY_BAR row 15"""
    answer = await app.http.get("/profile", headers={b"authorization": header})

    assert_oauth_error(answer, "invalid_token", status=401)
