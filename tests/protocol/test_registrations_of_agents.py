"""Registration as agents do it: their bodies are accepted byte for byte (RFC 7591)."""

import json
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.admin_api import ADMIN_TOKEN, AdminApi
from tests.support.application import Application
from tests.support.client_documents import FOLDER, REGISTRATIONS

JSON = {"content-type": "application/json"}
CHOSEN = "https://app.example.com/client.json"


@pytest_asyncio.fixture(params=["development", "production"])
async def strict(request: Any, start_app: AppFactory) -> Application:
    return await start_app(
        app_env=request.param,
        issuer="https://our.example.com",
        dynamic_registration="open",
        admin_token=ADMIN_TOKEN,
    )


@pytest.mark.parametrize("name", REGISTRATIONS)
async def test_the_registration_of_a_well_known_client_is_accepted_as_it_is(
    strict: Application, name: str
) -> None:
    """Every redirect URI is registered, and the client can refresh without a secret"""
    body = (FOLDER / "registrations" / f"{name}.json").read_bytes()
    response = await strict.http.post("/register", content=body, headers=JSON)
    sent, registered = json.loads(body), response.json()

    assert response.status_code == 201, response.text
    assert registered["redirect_uris"] == sent["redirect_uris"]
    assert registered["grant_types"] == sent["grant_types"]
    assert registered["client_name"] == sent["client_name"]
    assert registered["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in registered
    assert registered["scope"]


async def test_a_client_cannot_choose_an_identifier_that_is_a_url(strict: Application) -> None:
    """Draft section 3: such an identifier belongs to a document, whoever registers it"""
    callback = {"redirect_uris": ["https://app.example.com/callback"]}
    registered = await strict.http.post("/register", json={**callback, "client_id": CHOSEN})
    created = await AdminApi(strict).post(
        "/clients", {"kind": "web", "client_name": "An app", "client_id": CHOSEN, **callback}
    )

    assert not registered.json()["client_id"].startswith("https://")
    assert created.status_code == 422, created.text
    assert "client_id" in created.text


async def test_the_metadata_names_the_endpoint_only_if_it_is_open(start_app: AppFactory) -> None:
    """With `token`, an agent could not use it: it has no initial access token"""
    named = {}
    for mode in ("open", "token", "off"):
        app = await start_app(dynamic_registration=mode)
        metadata = await app.http.get("/.well-known/oauth-authorization-server")
        named[mode] = "registration_endpoint" in metadata.json()

    assert named == {"open": True, "token": False, "off": False}
