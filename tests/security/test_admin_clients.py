"""Clients, providers and webhooks in the admin API, as an attacker would use it: no change of what
carries admin scopes without a full administrator, and no secret for those who only read."""

import json

import pytest

from app.schemas.admin_scopes import AdminScope
from tests.support.admin_api import ADMIN_TOKEN, AdminApi
from tests.support.administration import list_admin_scopes
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
SECRET = "s3cret-that-no-reader-may-ever-see-9fK2"
WRITES = ("clients:write", "policies:write", "users:write", "tokens:write")
READS = tuple(scope.value for scope in AdminScope if not scope.changes)
ATTACKS = {
    "rotate the secret": ("POST", "/secrets", {"overlap": 600}),
    "choose the secret": ("POST", "/secrets", {"client_secret": SECRET}),
    "revoke the previous secret": ("DELETE", "/secrets/previous", None),
    "issue a registration token": ("POST", "/registration-token", None),
    "revoke the registration token": ("DELETE", "/registration-token", None),
    "change the keys": ("PATCH", "", {"jwks": {"keys": []}}),
    "delete": ("DELETE", "", None),
    "disable": ("POST", "/disable", None),
    "enable": ("POST", "/enable", None),
    "trust": ("PUT", "/trust", {"trust": "first_party"}),
    "set the default resource": ("PUT", "/default-resource", {"default_resource": None}),
    "list another admin scope": ("PUT", "/admin-scopes", {"admin_scopes": ["admin"]}),
    "replace the policies": ("PUT", "/policies", {"access": {"kind": "nobody"}}),
    "change the policies": ("PATCH", "/policies", {"consent": "never"}),
}


@pytest.fixture
def api(app: Application) -> AdminApi:
    return AdminApi(app)


async def with_scopes(app: Application, *scopes: str) -> AdminApi:
    """Return the admin API as a client with some scopes uses it."""
    client = await app.create_client()
    await list_admin_scopes(app, client, *scopes)
    response = await app.client_credentials(client, scope=" ".join(scopes))
    return AdminApi(app, response.json()["access_token"])


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_client_with_admin_scopes_is_changed_by_full_administrators_only(
    app: Application, attack: str
) -> None:
    """SECURITY_BAR row 54"""
    method, path, body = ATTACKS[attack]
    target, attacker = await app.create_client(), await with_scopes(app, *WRITES)
    await list_admin_scopes(app, target, "admin")

    response = await attacker.request(
        method, f"/clients/{target.client_id}{path}", json=body, headers={"If-Match": "*"}
    )

    assert response.status_code == 403
    assert (await app.client_credentials(target, scope="admin")).status_code == 200


async def test_a_new_client_has_no_admin_scopes_whatever_its_body_says(app: Application) -> None:
    """SECURITY_BAR rows 51 and 56"""
    attacker = await with_scopes(app, *WRITES)
    for members in (
        {"scope": "admin"},
        {"admin_scopes": ["admin"]},
        {"admin_scopes": "admin"},
        {"owner": "production"},
        {"trust": "first_party"},
        {"policies": {"consent": "never"}},
        {"version": 7},
    ):
        body = {"client_name": app.new_name("Client"), "kind": "service", **members}
        assert (await attacker.post("/clients", body)).status_code in (409, 422), members


async def test_who_only_reads_never_sees_a_secret(app: Application, api: AdminApi) -> None:
    """SECURITY_BAR row 55"""
    name = app.new_name("idp").lower()
    client = await api.post(
        "/clients",
        {"client_name": app.new_name("Client"), "kind": "service", "client_secret": SECRET},
    )
    provider = await api.post(
        "/providers",
        {
            "name": name,
            "issuer": f"https://{name}.example.com",
            "client_id": "x",
            "client_secret": SECRET,
        },
    )
    webhook = await api.post(
        "/webhooks",
        {"url": f"https://hooks.example.com/?key={SECRET}", "event_types": ["user.created"]},
    )
    token = await api.post("/initial-access-tokens", {"label": "x"})
    registration = await api.post(f"{client.headers['location']}/registration-token")
    reader = await with_scopes(app, *READS)
    secrets = [
        SECRET,
        webhook.json()["secret"],
        token.json()["initial_access_token"],
        registration.json()["registration_access_token"],
    ]

    paths = [client.headers["location"], provider.headers["location"], webhook.headers["location"]]
    paths += ["/clients", "/providers", "/webhooks", "/initial-access-tokens", "/keys"]
    paths += ["/audit-events", "/refusals", f"{client.headers['location']}/policies"]
    for path in paths:
        response = await reader.get(path)
        assert response.status_code == 200, path
        assert not [secret for secret in secrets if secret in response.text], path
    found = await reader.get("/clients", search=SECRET[:10])
    assert found.json()["items"] == []


async def test_text_of_others_is_json_text(app: Application, api: AdminApi) -> None:
    """SECURITY_BAR row 58: by the name of a client"""
    name = f"</script><img src=x onerror=alert(1)> {app.new_name('x')}"
    created = await api.post("/clients", {"client_name": name, "kind": "service"})

    response = await api.get("/clients", search=name[:20])

    assert created.status_code in (201, 409, 422)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert json.loads(response.text) == response.json()
