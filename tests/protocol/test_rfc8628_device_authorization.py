"""`POST /device_authorization` (RFC 8628 section 3.1): who may begin, and with what."""

from typing import Any

import pytest

from tests.protocol.assertions_of_clients import signing_client
from tests.protocol.devices import (
    CLIENT,
    DEVICE_CODE,
    Device,
    authorize_device,
    decide,
    device_client,
)
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import Visitor

PATH = "/device_authorization"
ORIGIN = "https://app.example"


async def test_the_client_secret_may_be_sent_in_the_form(app: Application) -> None:
    """Section 3.1: as at the token endpoint"""
    client = await device_client(app, token_endpoint_auth_method="client_secret_post")

    response = await app.http.post(
        PATH, data={"client_id": client.client_id, "client_secret": client.client_secret}
    )

    assert response.status_code == 200


async def test_a_signed_assertion_is_accepted_once(app: Application) -> None:
    """RFC 7523 section 2.2; the second use of it is a replay (SECURITY_BAR row 37)"""
    signer = await signing_client(app, **CLIENT)
    assertion = signer.key.sign(signer.claims())

    first = await signer.post(PATH, assertion)
    again = await signer.post(PATH, assertion)

    assert first.status_code == 200
    assert_oauth_error(again, "invalid_client", status=401)


async def test_a_confidential_client_must_authenticate(app: Application) -> None:
    """SECURITY_BAR row 3: its name is not enough"""
    client = await device_client(app)

    response = await app.http.post(PATH, data={"client_id": client.client_id})

    assert_oauth_error(response, "invalid_client", status=401)


async def test_an_unknown_client_gets_the_same_error_as_a_wrong_secret(
    app: Application,
) -> None:
    """SECURITY_BAR row 3"""
    client, secret = await device_client(app), "postern_cs_" + "x" * 43

    answers = [
        await authorize_device(app, TestClient(client_id, secret))
        for client_id in (client.client_id, "nobody")
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_client", status=401)
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert answers[0].json() == answers[1].json()


async def test_two_authentication_methods_in_one_request_are_refused(app: Application) -> None:
    """SECURITY_BAR row 2"""
    client = await device_client(app)

    answer = await authorize_device(app, client, client_secret=client.client_secret)

    assert_oauth_error(answer, "invalid_request")


async def test_a_request_without_a_client_is_refused(app: Application) -> None:
    assert_oauth_error(await app.http.post(PATH, data={}), "invalid_client", status=401)


async def test_the_default_is_the_registered_scope_without_openid_and_offline_access(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 3.3, as in every other grant"""
    client = await device_client(app, scope="openid profile email offline_access")
    device = Device(app, client, (await authorize_device(app, client)).json())
    await decide(visitor, device, user)

    tokens = (await device.ask()).json()

    assert set(tokens["scope"].split()) == {"profile", "email"}
    assert "id_token" not in tokens


@pytest.mark.parametrize("scope", ["phone", "openid\tprofile", 'openid "x"', "x" * 10_000])
async def test_a_scope_that_is_wider_or_malformed_is_refused(app: Application, scope: str) -> None:
    """SECURITY_BAR row 6"""
    answer = await authorize_device(app, await device_client(app), scope=scope)

    assert_oauth_error(answer, "invalid_scope")
    assert scope not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"json": {"scope": "openid"}}, {400, 415}),
        ({"data": {"scope": "x" * 70_000}}, {413}),
        ({"data": {f"p{place}": "1" for place in range(1000)}}, {400, 413}),
        ({"data": {"scope": "openid\x00"}}, {400}),
        ({"content": b"scope=%ed%a0%80", "headers": {"content-type": "text/plain"}}, {400, 415}),
    ],
    ids=["JSON", "70 kB", "1000 parameters", "NUL", "no form"],
)
async def test_a_malformed_or_oversized_form_is_refused(
    app: Application, body: dict[str, Any], status: set[int]
) -> None:
    """SECURITY_BAR rows 12 and 44"""
    client = await device_client(app)

    answer = await app.http.post(PATH, auth=client.auth, **body)

    assert answer.status_code in status
    assert answer.json()["error"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_allowed(app: Application, method: str) -> None:
    """SECURITY_BAR row 13: a client's secret does not belong into an address"""
    client = await device_client(app)

    answer = await app.http.request(method, PATH, auth=client.auth)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_device_code_is_not_accepted_as_another_kind_of_token(app: Application) -> None:
    """SECURITY_BAR row 36: nor is another kind a device code"""
    client = await device_client(app)
    device_code = (await authorize_device(app, client)).json()["device_code"]

    refreshed = await app.refresh(client, device_code)
    exchanged = await app.token(client, grant_type=DEVICE_CODE, device_code="postern_rt_x")

    assert (await app.profile(device_code)).status_code == 401
    assert not await app.is_active(client, device_code)
    assert_oauth_error(refreshed, "invalid_grant")
    assert_oauth_error(exchanged, "invalid_grant")


async def test_a_browser_client_may_start_from_its_registered_origin(
    app: Application,
) -> None:
    """SECURITY_BAR row 46: without credentials of the browser"""
    client = await device_client(app, redirect_uris=[f"{ORIGIN}/callback"], redirect_uri=None)

    known, unknown = [
        await app.http.post(PATH, auth=client.auth, headers={"origin": origin})
        for origin in (ORIGIN, "https://evil.example")
    ]

    assert known.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in known.headers
    assert "access-control-allow-origin" not in unknown.headers


async def test_the_metadata_lists_the_device_authorization_endpoint(app: Application) -> None:
    """Section 4"""
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        metadata = (await app.http.get(path)).json()

        assert metadata["device_authorization_endpoint"] == f"{app.settings.issuer_url}{PATH}"
        assert DEVICE_CODE in metadata["grant_types_supported"]
