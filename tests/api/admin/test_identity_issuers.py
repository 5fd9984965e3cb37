"""Trusted issuers of identity assertions in the admin API."""

from typing import Any

import pytest

from tests.api.admin.test_trusted_issuers import api_with, body_of
from tests.support.admin_api import ADMIN_TOKEN, AdminApi, pointers
from tests.support.administration import id_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.trusted_issuers import PATTERN

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


def identities_of(app: Application, client: TestClient, **rules: Any) -> dict[str, Any]:
    members = {"subjects": ["*"], "presenters": [client.client_id], "identities": rules}
    return body_of(app, None, **members)


async def test_the_rules_for_identity_assertions_are_stated_changed_and_removed(
    app: Application, api: AdminApi, client: TestClient, user: TestUser
) -> None:
    """Identity assertions: their users are those of the issuer"""
    rules = {"email_domains": ["b.example", "a.example"], "single_use": True, "create_users": True}
    created = await api.post("/issuers", identities_of(app, client, **rules))
    assert created.status_code == 201, created.text
    path = created.headers["location"]
    changes = {"identities": {"single_use": None, "accepted_for": 3600}, "subjects": ["*", "a"]}
    changed = await api.patch(path, changes)
    refused = await api.patch(path, {"identities": None})
    user_id = await id_of(app, user)
    removed = await api.patch(path, {"identities": None, "subjects": [PATTERN], "user_id": user_id})

    domains = ["a.example", "b.example"]
    assert created.json()["identities"] == {
        "email_domains": domains,
        "accepted_for": 600,
        "single_use": True,
        "create_users": True,
    }
    assert changed.status_code == 200, changed.text
    assert changed.json()["identities"] == {
        "email_domains": domains,
        "accepted_for": 3600,
        "single_use": False,
        "create_users": True,
    }
    assert refused.status_code in (409, 422)
    assert removed.status_code == 200, removed.text
    assert removed.json()["identities"] is None


@pytest.mark.parametrize(
    ("members", "status", "pointer"),
    [
        ({"presenters": []}, 409, ""),
        ({"client_id": "c"}, 409, ""),
        ({"user_id": "0" * 32}, 409, ""),
        ({"presenters": ["unknown"]}, 409, "/presenters"),
        ({"subjects": []}, 422, "/subjects"),
        ({"subjects": ["*:*"]}, 409, "/subjects/0"),
        ({"audience": "http://localhost:8000/below"}, 409, "/audience"),
        ({"scopes": ["users:read"]}, 409, "/scopes"),
        ({"identities": {"accepted_for": 3601}}, 422, "/identities/accepted_for"),
        ({"identities": {"accepted_for": 59}}, 422, "/identities/accepted_for"),
        ({"identities": {"email_domains": ["*.example"]}}, 422, "/identities/email_domains/0"),
        ({"identities": {"email_domains": ["localhost"]}}, 422, "/identities/email_domains/0"),
        ({"identities": {"email_domains": ["A.example"]}}, 422, "/identities/email_domains/0"),
        ({"identities": {"single_use": 1}}, 422, "/identities/single_use"),
        ({"identities": {"create_users": 1}}, 422, "/identities/create_users"),
    ],
)
async def test_rules_for_identity_assertions_that_are_wrong_are_pointed_at(
    app: Application,
    api: AdminApi,
    client: TestClient,
    members: dict[str, Any],
    status: int,
    pointer: str,
) -> None:
    response = await api.post("/issuers", {**identities_of(app, client), **members})

    assert response.status_code == status, response.text
    assert [each for each, _ in pointers(response)][:1] == [pointer]


async def test_only_a_full_administrator_trusts_an_issuer_of_identities(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    """Nobody may give more than they hold: such an issuer can act as any of its users"""
    writer = await api_with(app, "issuers:read", "issuers:write")
    body = identities_of(app, client)
    refused = await writer.post("/issuers", body)
    created = await api.post("/issuers", body)
    path = created.headers["location"]

    assert refused.status_code == 403
    assert (await writer.patch(path, {"scopes": ["profile"]})).status_code == 403
    deleted = await writer.delete(path, etag=created.headers["etag"])
    assert deleted.status_code == 403
