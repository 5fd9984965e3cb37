"""What opens a client's registration, and what does not (RFC 7592 section 3)."""

import pytest

from app.wiring import Services
from tests.protocol.registering import bearer, body_of, client_of, manage, path_of, registered
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import Visitor

pytestmark = pytest.mark.both_databases

METHODS = ["GET", "PUT", "DELETE"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("which", ["none", "wrong", "another's", "a client of the administrator"])
async def test_a_client_is_managed_only_with_its_own_registration_token(
    app: Application, method: str, which: str
) -> None:
    """Section 3; SECURITY_BAR row 41"""
    made, other = await registered(app), await registered(app)
    path, headers = path_of(made), bearer(other["registration_access_token"])
    if which == "none":
        headers = {}
    elif which == "wrong":
        headers = bearer("postern_rg_nothing")
    elif which != "another's":
        path = f"/register/{(await app.create_client()).client_id}"

    answer = await app.http.request(method, path, headers=headers, json=body_of(made))

    assert_oauth_error(answer, "invalid_token", status=401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await manage(app, "GET", made)).status_code == 200


async def test_an_unknown_client_gets_the_same_error_as_a_wrong_token(app: Application) -> None:
    """Section 3: nobody learns which clients there are"""
    made = await registered(app)

    wrong = await app.http.get(path_of(made), headers=bearer("postern_rg_nothing"))
    unknown = await app.http.get("/register/nobody", headers=bearer("postern_rg_nothing"))

    assert wrong.content == unknown.content
    assert wrong.headers["www-authenticate"] == unknown.headers["www-authenticate"]


@pytest.mark.parametrize("kind", ["secret", "access token", "secret by Basic"])
async def test_other_credentials_of_a_client_cannot_manage_it(
    app: Application, user: TestUser, visitor: Visitor, kind: str
) -> None:
    """SECURITY_BAR row 36"""
    made = await registered(app)
    headers = bearer(made["client_secret"])
    if kind == "access token":
        headers = bearer((await visitor.tokens_for(client_of(made), user))["access_token"])
    auth = client_of(made).auth if kind == "secret by Basic" else None

    answer = await app.http.get(path_of(made), headers={} if auth else headers, auth=auth)

    assert_oauth_error(answer, "invalid_token", status=401)


@pytest.mark.parametrize("path", ["/profile", "/userinfo"])
async def test_a_registration_token_is_not_accepted_at_other_endpoints(
    app: Application, path: str
) -> None:
    """SECURITY_BAR row 36"""
    made = await registered(app)

    answer = await app.http.get(path, headers=bearer(made["registration_access_token"]))

    assert answer.status_code == 401


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path", ["/register/%00", "/register/%ff", "/register/%ed%a0%80", f"/register/{'x' * 5000}"]
)
async def test_malformed_client_ids_are_refused_as_unknown(
    app: Application, method: str, path: str
) -> None:
    """SECURITY_BAR row 44"""
    answer = await app.http.request(method, path, headers=bearer("postern_rg_x"), json={})

    assert_oauth_error(answer, "invalid_token", status=401)


@pytest.mark.parametrize("token", [b"x" * 20_000, b"\xff\xfe", b"", b"a b", b'"quoted"'])
async def test_malformed_tokens_are_refused(app: Application, token: bytes) -> None:
    """SECURITY_BAR row 15"""
    made = await registered(app)

    answer = await app.http.get(path_of(made), headers={"authorization": b"Bearer " + token})

    assert_oauth_error(answer, "invalid_token", status=401)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/register", 405), ("POST", "/register/x", 405), ("GET", "/register/", 404)],
)
async def test_refusals_are_oauth_errors(
    app: Application, method: str, path: str, status: int
) -> None:
    """CONTRACT: the protocol's JSON at the protocol's endpoints"""
    answer = await app.http.request(method, path)

    assert_oauth_error(answer, "invalid_request", status=status)


async def test_a_client_of_the_administrator_cannot_manage_itself(app: Application) -> None:
    """SECURITY_BAR row 41: a client of /create_client is its administrator's"""
    client = await app.create_client()

    answer = await app.http.delete(
        f"/register/{client.client_id}", headers=bearer(client.client_secret)
    )

    assert_oauth_error(answer, "invalid_token", status=401)
    assert (await app.client_credentials(client)).status_code == 200


async def test_registration_secrets_are_not_stored_in_plaintext(
    app: Application, operator: Services
) -> None:
    """SECURITY_BAR, values to ship: SHA-256 at rest"""
    made = await registered(app)

    row = await operator.clients.clients.get(made["client_id"])

    for secret in (made["client_secret"], made["registration_access_token"]):
        assert secret not in repr(row)
