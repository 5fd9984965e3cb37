"""Nothing that a cache may keep: of tokens, of secrets, of errors (RFC 6749 section 5.1)."""

from typing import Any

import httpx
import pytest

from tests.support.application import PASSWORD, Application, TestClient, TestUser

NOTHING = "postern_at_nothing"


def _assert_never_cached(response: httpx.Response) -> None:
    assert response.headers.get_list("cache-control") == ["no-store"]
    assert "etag" not in response.headers
    assert "last-modified" not in response.headers


async def test_token_responses_are_never_cached(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 13; RFC 6749 section 5.1: Pragma too"""
    by_password = await app.password_grant(client, user)
    answers = [
        by_password,
        await app.client_credentials(client),
        await app.refresh(client, by_password.json()["refresh_token"]),
        await app.refresh(client, by_password.json()["refresh_token"]),
    ]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["pragma"] == "no-cache"
        _assert_never_cached(answer)


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/token", {"grant_type": "client_credentials", "scope": "more"}, 400),
        ("/token", {"grant_type": "magic"}, 400),
        ("/token", {}, 400),
        ("/introspect", {"token": NOTHING}, 200),
        ("/introspect", {}, 400),
        ("/revoke", {"token": NOTHING}, 200),
        ("/revoke", {}, 400),
    ],
)
async def test_protocol_responses_are_never_cached(
    app: Application, client: TestClient, path: str, form: dict[str, str], status: int
) -> None:
    """SECURITY_BAR row 13; RFC 6749 section 5.2"""
    answer = await app.http.post(path, data=form, auth=client.auth)

    assert answer.status_code == status
    assert answer.headers["pragma"] == "no-cache"
    _assert_never_cached(answer)


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
async def test_a_failed_client_authentication_is_never_cached(app: Application, path: str) -> None:
    """SECURITY_BAR row 13"""
    answer = await app.http.post(
        path, data={"grant_type": "client_credentials"}, auth=("nobody", "nothing")
    )

    assert answer.status_code == 401
    _assert_never_cached(answer)


async def test_a_profile_is_never_cached(app: Application, client: TestClient) -> None:
    """SECURITY_BAR row 13"""
    token = (await app.client_credentials(client)).json()["access_token"]

    for answer in (await app.profile(token), await app.profile(NOTHING)):
        _assert_never_cached(answer)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/register_user", {"username": "no name at all", "password": PASSWORD}),
        ("/register_user", {}),
        ("/enroll_otp", {"username": "nobody-at-all", "password": PASSWORD}),
        ("/verify_otp", {"username": "nobody-at-all", "code": "123456"}),
        ("/create_client", {"client_name": ""}),
        ("/nothing-here", {}),
    ],
)
async def test_errors_of_the_product_api_are_never_cached(
    app: Application, path: str, body: dict[str, Any]
) -> None:
    """SECURITY_BAR row 13"""
    answer = await app.http.post(path, json=body)

    assert 400 <= answer.status_code < 500
    _assert_never_cached(answer)


async def test_responses_that_show_a_secret_once_are_never_cached(app: Application) -> None:
    """SECURITY_BAR rows 13 and 20"""
    username = app.new_name()
    credentials = {"username": username, "password": PASSWORD}
    client = {"client_name": app.new_name(), "redirect_uri": "http://localhost:3000/callback"}

    answers = [
        await app.http.post("/register_user", json=credentials),
        await app.http.post("/enroll_otp", json=credentials),
        await app.http.post("/create_client", json=client),
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 201]
    for answer in answers:
        _assert_never_cached(answer)


async def test_no_error_repeats_submitted_secrets(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 13: no token, secret, password or code in an error"""
    secret, wrong_code = "Zx81-sent-secret-Qy27", "918273"
    stranger = TestClient(client.client_id, secret)
    cut = {"username": user.username, "password": [secret], "code": {secret: secret}}

    answers = [
        await app.client_credentials(stranger),
        await app.client_credentials(client, scope=secret),
        await app.client_credentials(client, scope=f'"{secret}"'),
        await app.token(client, grant_type=secret),
        await app.token(client, **{secret: secret, "grant_type": ""}),
        await app.password_grant(client, user, password=secret, otp=wrong_code),
        await app.password_grant(client, user, username=secret),
        await app.refresh(client, f"postern_rt_{secret}"),
        await app.profile(f"postern_at_{secret}"),
        await app.http.get("/profile", params={"access_token": secret}),
        await app.http.post("/verify_otp", json={"username": user.username, "code": wrong_code}),
        await app.http.post("/verify_otp", json={"username": user.username, "code": 918273}),
        await app.http.post("/verify_otp", json=cut),
        await app.http.post("/register_user", json=cut),
        await app.http.post("/register_user", json={"username": user.username, "password": secret}),
        await app.http.post("/register_user", content=f'{{"password": "{secret}"'),
        await app.http.post("/enroll_otp", json={"username": user.username, "password": secret}),
        await app.http.post(
            "/create_client", json={"client_name": [secret], "scope": f'"{secret}'}
        ),
        await app.http.post("/create_client", json={"client_name": "x", "jwks": {"keys": secret}}),
        await app.http.get(f"/{secret}"),
    ]

    for answer in answers:
        assert 400 <= answer.status_code < 500
        told = answer.text + str(answer.headers)
        assert secret not in told
        assert wrong_code not in told
