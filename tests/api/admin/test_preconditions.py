"""`If-Match` for each change of an object that has an entity tag, by the routes that there are."""

import re

import pytest

from app.routers.admin.preconditions import IF_MATCH
from tests.api.admin.test_access_table import ENDPOINTS, Endpoint
from tests.support.admin_api import ADMIN_TOKEN, PREFIX, AdminApi
from tests.support.application import Application

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
WITHOUT_ETAG = {
    "DELETE /users/{user_id}/invitation",
    "DELETE /users/{user_id}/personal-tokens/{token_id}",
    "PUT /groups/{group_id}/members/{user_id}",
    "DELETE /groups/{group_id}/members/{user_id}",
    "PUT /roles/{role_id}/users/{user_id}",
    "DELETE /roles/{role_id}/users/{user_id}",
    "PUT /roles/{role_id}/groups/{group_id}",
    "DELETE /roles/{role_id}/groups/{group_id}",
    "DELETE /clients/{client_id}/secrets/previous",
    "DELETE /clients/{client_id}/registration-token",
    "DELETE /clients/{client_id}/consents/{user_id}",
    "DELETE /clients/{client_id}/tokens",
    "DELETE /clients/{client_id}/tokens/{token_id}",
    "PUT /blocked-hosts/{host}",
    "DELETE /blocked-hosts/{host}",
    "DELETE /initial-access-tokens/{token_id}",
    "DELETE /sessions/{session_id}",
}
"""Memberships, grants, sessions, tokens and secrets, which have no version."""
CHANGES = [each for each in ENDPOINTS if each.method in ("PATCH", "PUT", "DELETE")]
EACH = pytest.mark.parametrize("endpoint", CHANGES, ids=lambda each: f"{each.method} {each.path}")


def name_of(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path.removeprefix(PREFIX)}"


def test_the_list_names_routes_that_there_are() -> None:
    assert {name_of(each) for each in CHANGES} >= WITHOUT_ETAG


@EACH
async def test_a_change_without_a_precondition_is_428_where_there_is_an_etag(
    app: Application, endpoint: Endpoint
) -> None:
    """RFC 6585 section 3, whether the object exists or not"""
    path = re.sub(r"{\w+}", "0" * 32, endpoint.path)

    response = await AdminApi(app).request(endpoint.method, path, json={})

    assert (response.status_code == 428) is (name_of(endpoint) not in WITHOUT_ETAG)


@EACH
async def test_the_description_requires_the_header_of_the_same_changes(
    app: Application, endpoint: Endpoint
) -> None:
    document = (await app.http.get(f"{PREFIX}/openapi.json")).json()
    operation = document["paths"][endpoint.path][endpoint.method.lower()]

    required = {each["name"] for each in operation.get("parameters", ()) if each.get("required")}
    assert (IF_MATCH in required) is (name_of(endpoint) not in WITHOUT_ETAG)
    assert ("412" in operation["responses"]) is (IF_MATCH in required)
