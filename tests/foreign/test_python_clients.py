"""Authlib and requests-oauthlib walk the flows against the running server."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from oauthlib.oauth2 import DeviceClient
from requests_oauthlib import OAuth2Session

from tests.foreign.person import CALLBACK, person_at
from tests.support.application import Application, TestClient
from tests.support.server import Server

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = ["authorization_code", "refresh_token", DEVICE]
VERIFIER = "a-verifier-of-a-foreign-client-" + "x" * 30


@pytest.fixture
def metadata(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{server.url}/.well-known/openid-configuration").json()
    return found


async def a_client(app: Application) -> TestClient:
    return await app.create_client(grant_types=GRANTS)


async def test_authlib_completes_the_flows(
    server: Server, app: Application, metadata: dict[str, Any]
) -> None:
    registered = await a_client(app)
    async with (
        person_at(server, app) as person,
        AsyncOAuth2Client(
            registered.client_id,
            registered.client_secret,
            scope="openid profile offline_access",
            redirect_uri=CALLBACK,
            code_challenge_method="S256",
            introspection_endpoint=metadata["introspection_endpoint"],
        ) as client,
    ):
        url, state = client.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="n"
        )
        back = await person.browse(url)
        token = await client.fetch_token(
            metadata["token_endpoint"],
            authorization_response=back,
            state=state,
            code_verifier=VERIFIER,
        )
        claims = (await client.get(metadata["userinfo_endpoint"])).json()
        refreshed = await client.refresh_token(metadata["token_endpoint"])
        known = await client.introspect_token(
            metadata["introspection_endpoint"], token=refreshed["access_token"]
        )
        pushed = await client.post(
            metadata["pushed_authorization_request_endpoint"],
            data={
                "response_type": "code",
                "redirect_uri": CALLBACK,
                "scope": "openid",
                "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                "code_challenge_method": "S256",
            },
            auth=registered.auth,
        )
        device = await client.post(
            metadata["device_authorization_endpoint"], data={}, auth=registered.auth
        )
        await person.connect(device.json()["verification_uri_complete"])
        connected = await client.fetch_token(
            metadata["token_endpoint"], grant_type=DEVICE, device_code=device.json()["device_code"]
        )
        await client.revoke_token(metadata["revocation_endpoint"], token=refreshed["access_token"])
        gone = await client.introspect_token(
            metadata["introspection_endpoint"], token=refreshed["access_token"]
        )

    assert token["id_token"]
    assert claims["preferred_username"] == person.user.username
    assert known.json()["active"] is True
    assert pushed.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert connected["access_token"]
    assert gone.json()["active"] is False


async def test_requests_oauthlib_completes_the_flows(
    server: Server, app: Application, metadata: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # this server speaks plain http
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    registered = await a_client(app)
    session = OAuth2Session(
        registered.client_id,
        redirect_uri=CALLBACK,
        scope=["openid", "profile", "offline_access"],
        pkce="S256",
    )
    secret = registered.client_secret
    async with person_at(server, app) as person:
        url, _ = session.authorization_url(metadata["authorization_endpoint"])
        back = await person.browse(url)
        insecure = back.replace("http://", "https://")  # the library reads no other
        token = await asyncio.to_thread(
            session.fetch_token,
            metadata["token_endpoint"],
            authorization_response=insecure,
            client_secret=secret,
        )
        claims = await asyncio.to_thread(session.get, metadata["userinfo_endpoint"])
        refreshed = await asyncio.to_thread(
            session.refresh_token,
            metadata["token_endpoint"],
            refresh_token=token["refresh_token"],
            auth=registered.auth,
        )

        def post(endpoint: str, **form: str) -> Any:
            return session.post(
                metadata[f"{endpoint}_endpoint"],
                data=form,
                auth=registered.auth,
                withhold_token=True,
            )

        async def ask(endpoint: str, **form: str) -> Any:
            return await asyncio.to_thread(post, endpoint, **form)

        known = await ask("introspection", token=refreshed["access_token"])
        pushed = await ask(
            "pushed_authorization_request",
            response_type="code",
            redirect_uri=CALLBACK,
            code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            code_challenge_method="S256",
        )
        device = (await ask("device_authorization", scope="openid")).json()
        await person.connect(device["verification_uri_complete"])
        body = DeviceClient(registered.client_id).prepare_request_body(device["device_code"])
        connected = await ask("token", **dict(parse_qsl(body)))
        await ask("revocation", token=refreshed["access_token"])
        gone = await ask("introspection", token=refreshed["access_token"])

    assert claims.json()["preferred_username"] == person.user.username
    assert refreshed["access_token"] != token["access_token"]
    assert known.json()["active"] is True
    assert pushed.status_code == 201
    assert connected.json()["id_token"]
    assert gone.json()["active"] is False
