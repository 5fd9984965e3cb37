"""Resource indicators at the token endpoint (RFC 8707 section 2.2)."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.errors import InvalidInputError
from app.models.oauth.resources import Resource
from app.schemas.admin_scopes import AdminScope
from app.schemas.client_policies import ClientPolicies
from app.services.operations.authority import FULL
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of
from tests.support.refusals import recorded_refusals
from tests.support.resources import READ, make_default, new_resource, resource_body
from tests.support.visitor import Visitor

OWN = "openid profile email offline_access"


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope=OWN)


@pytest_asyncio.fixture
async def server(app: Application) -> TestClient:
    return await app.create_client()


@pytest_asyncio.fixture
async def resource(app: Application, server: TestClient) -> Resource:
    return await new_resource(app, servers=[server.client_id])


async def request(app: Application, client: TestClient, **form: Any) -> httpx.Response:
    """Request a token for the client itself; `resource` may be a list."""
    data = {"grant_type": "client_credentials", **form}
    return await app.http.post("/token", data=data, auth=client.auth)


@pytest.mark.both_databases
async def test_a_token_has_the_identifier_as_its_audience(
    app: Application, service: TestClient, server: TestClient, resource: Resource
) -> None:
    """RFC 8707 section 2; RFC 7662 section 2.2"""
    response = await request(app, service, resource=resource.identifier, scope="write email")

    assert response.status_code == 200, response.text
    body = await app.introspect(server, response.json()["access_token"])
    assert response.json()["scope"] == body["scope"] == "email read write"
    assert body["aud"] == resource.identifier
    assert body["client_id"] == service.client_id


@pytest.mark.parametrize("form", ["{}/", "HTTPS{}", "{}"])
async def test_the_forms_that_clients_send_name_the_same_resource(
    app: Application, service: TestClient, server: TestClient, resource: Resource, form: str
) -> None:
    sent = resource.identifier.upper() if form.startswith("HTTPS") else resource.identifier
    response = await request(app, service, resource=form.removeprefix("HTTPS").format(sent))

    assert response.status_code == 200, response.text
    body = await app.introspect(server, response.json()["access_token"])
    assert body["aud"] == resource.identifier


async def test_an_alias_names_the_resource_and_the_audience_stays_the_identifier(
    app: Application, service: TestClient, server: TestClient
) -> None:
    name = app.new_name("mcp")
    made = await new_resource(
        app,
        name=name,
        identifier=f"https://{name}.example/mcp",
        aliases=[f"https://{name}.example", f"https://{name}.example/mcp/"],
        servers=[server.client_id],
    )

    for sent in (*made.aliases, f"https://{name}.example/"):
        response = await request(app, service, resource=sent)
        body = await app.introspect(server, response.json()["access_token"])
        assert body["aud"] == made.identifier
    unlike = await request(app, service, resource=f"https://{name}.example/MCP")
    assert_oauth_error(unlike, "invalid_target")


async def test_without_a_scope_a_request_gets_what_the_resource_gives_by_default(
    app: Application, service: TestClient, resource: Resource
) -> None:
    """Never all, and nothing of ours"""
    response = await request(app, service, resource=resource.identifier)

    assert response.json()["scope"] == "read"


async def test_a_resource_without_default_scopes_gives_none(
    app: Application, service: TestClient
) -> None:
    made = await new_resource(app, scopes=[{**READ, "is_default": False}])

    response = await request(app, service, resource=made.identifier)

    assert response.status_code == 200
    assert "scope" not in response.json()


async def test_unknown_names_are_ignored_beside_known_ones_and_refused_alone(
    app: Application, service: TestClient, resource: Resource
) -> None:
    """SECURITY_BAR row 6"""
    beside = await request(app, service, resource=resource.identifier, scope="read nonsense")
    alone = await request(app, service, resource=resource.identifier, scope="nonsense")
    malformed = await request(app, service, resource=resource.identifier, scope='re"ad')
    unregistered = await request(app, service, resource=resource.identifier, scope="phone")

    assert beside.json()["scope"] == "read"
    for response in (alone, malformed, unregistered):
        assert_oauth_error(response, "invalid_scope")


async def test_only_scopes_of_this_server_are_granted_beside_those_of_a_resource(
    app: Application, resource: Resource
) -> None:
    """A scope belongs to one resource or to this server"""
    client = await app.create_client(scope="profile invoices")
    await services_of(app).clients.administration.set_admin_scopes(
        client.client_id, [AdminScope.USERS_READ], authority=FULL
    )

    beside = await request(
        app, client, resource=resource.identifier, scope="profile invoices users:read read"
    )
    alone = await request(app, client, resource=resource.identifier, scope="invoices")

    assert beside.json()["scope"] == "profile read"
    assert_oauth_error(alone, "invalid_scope")


async def test_the_same_name_at_two_resources_is_two_scopes(
    app: Application, service: TestClient, resource: Resource
) -> None:
    other = await new_resource(app, scopes=[{"name": "other", "description": "Other"}])

    response = await request(app, service, resource=other.identifier, scope="read")

    assert_oauth_error(response, "invalid_scope")


async def test_a_policy_of_the_client_is_the_upper_bound_at_resources_too(
    app: Application, service: TestClient, resource: Resource
) -> None:
    policies = ClientPolicies(allowed_scopes=("write", "profile"))
    await services_of(app).clients.policies.set(service.client_id, policies, authority=FULL)

    by_name = await request(app, service, resource=resource.identifier, scope="read")
    implied = await request(app, service, resource=resource.identifier, scope="write")
    by_default = await request(app, service, resource=resource.identifier)

    assert_oauth_error(by_name, "invalid_scope")
    assert implied.json()["scope"] == "write"
    assert "scope" not in by_default.json()


async def test_a_policy_of_the_client_limits_its_resources(
    app: Application, service: TestClient, resource: Resource
) -> None:
    """Whatever the resource allows, and also as the default one"""
    other = await new_resource(app)
    policies = ClientPolicies(allowed_resources=(other.name,))
    await make_default(app, service, resource)
    await services_of(app).clients.policies.set(service.client_id, policies, authority=FULL)

    with recorded_refusals() as records:
        named = await request(app, service, resource=resource.identifier)
        by_default = await app.client_credentials(service)
    allowed = await request(app, service, resource=other.identifier)

    assert_oauth_error(named, "invalid_target")
    assert_oauth_error(by_default, "invalid_target")
    assert allowed.status_code == 200
    reason = records.one(named.headers["x-request-id"]).reason
    assert f"`postern clients policy {service.client_id} --allowed-resource" in reason


async def test_a_resource_that_the_policies_take_away_is_refused_at_the_next_refresh(
    app: Application, resource: Resource, user: TestUser, visitor: Visitor
) -> None:
    client = await app.create_client(scope="openid offline_access")
    tokens = await visitor.tokens_for(client, user, resource=resource.identifier)
    policies = services_of(app).clients.policies

    await policies.set(client.client_id, ClientPolicies(allowed_resources=()), authority=FULL)
    refused = await app.refresh(client, tokens["refresh_token"])
    await policies.set(client.client_id, ClientPolicies(), authority=FULL)
    again = await app.refresh(client, tokens["refresh_token"])

    assert_oauth_error(refused, "invalid_target")
    assert again.status_code == 200


async def test_a_default_resource_is_among_those_that_the_policies_allow(
    app: Application, service: TestClient, resource: Resource
) -> None:
    policies = ClientPolicies(allowed_resources=("another",))
    await services_of(app).clients.policies.set(service.client_id, policies, authority=FULL)

    with pytest.raises(InvalidInputError):
        await make_default(app, service, resource)


async def test_an_unknown_resource_is_refused_and_the_log_names_the_command(
    app: Application, service: TestClient
) -> None:
    """RFC 8707 section 2"""
    with recorded_refusals() as records:
        response = await request(app, service, resource="https://unknown.example/api?key=x")

    assert_oauth_error(response, "invalid_target")
    assert "unknown.example" not in response.text
    reason = records.one(response.headers["x-request-id"]).reason
    assert "`postern resources create NAME --identifier https://unknown.example/api`" in reason
    assert "key=x" not in reason


async def test_a_resource_of_others_is_refused_and_the_log_names_the_command(
    app: Application, service: TestClient, server: TestClient
) -> None:
    """A resource that belongs to another client"""
    closed = await new_resource(
        app, is_open_to_all_clients=False, requesters=[server.client_id], servers=[]
    )

    with recorded_refusals() as records:
        response = await request(app, service, resource=closed.identifier)

    assert_oauth_error(response, "invalid_target")
    reason = records.one(response.headers["x-request-id"]).reason
    assert f"`postern resources set {closed.name} --requester {service.client_id}`" in reason
    assert (await request(app, server, resource=closed.identifier)).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        "not-a-uri",
        "https://api.example#part",
        "https://api.example/ https://other.example",
        "https://api.example/" + "a" * 4000,
    ],
)
async def test_anything_else_is_no_resource(
    app: Application, service: TestClient, sent: str
) -> None:
    assert_oauth_error(await request(app, service, resource=sent), "invalid_target")


async def test_two_resources_at_the_token_endpoint_are_refused(
    app: Application, service: TestClient, resource: Resource
) -> None:
    """RFC 8707 section 2.2: a token has one audience; SECURITY_BAR row 1"""
    other = await new_resource(app)

    for sent in ([resource.identifier, other.identifier], [resource.identifier] * 2):
        assert_oauth_error(await request(app, service, resource=sent), "invalid_target")
    repeated = await request(app, service, resource=resource.identifier, scope=["read", "write"])
    assert_oauth_error(repeated, "invalid_request")


async def test_an_empty_resource_is_absent(app: Application, service: TestClient) -> None:
    """SECURITY_BAR row 1"""
    response = await request(app, service, resource=["", ""], scope="profile")

    assert response.json()["scope"] == "profile"
    assert "aud" not in await app.introspect(service, response.json()["access_token"])


async def test_a_request_that_names_no_resource_is_for_the_default_one(
    app: Application, service: TestClient, server: TestClient, resource: Resource
) -> None:
    await make_default(app, service, resource)

    default = await request(app, service)
    own_alone = await request(app, service, scope="profile")

    for response, scope in ((default, "read"), (own_alone, "profile")):
        body = await app.introspect(server, response.json()["access_token"])
        assert (body["aud"], body["scope"]) == (resource.identifier, scope)


async def test_another_resource_can_be_named_beside_the_default_one(
    app: Application, service: TestClient, server: TestClient, resource: Resource
) -> None:
    other = await new_resource(app, servers=[server.client_id])
    await make_default(app, service, resource)

    response = await request(app, service, resource=other.identifier)

    body = await app.introspect(server, response.json()["access_token"])
    assert body["aud"] == other.identifier


async def test_a_default_that_the_client_may_no_longer_request_is_refused(
    app: Application, service: TestClient, resource: Resource
) -> None:
    """Its tokens do not lose their audience"""
    await make_default(app, service, resource)
    closed = resource_body(
        resource.name, is_open_to_all_clients=False, servers=list(resource.servers)
    )
    await services_of(app).oauth.resources.change(resource.name, closed, authority=FULL)

    assert_oauth_error(await request(app, service), "invalid_target")


async def test_a_remembered_grant_follows_its_client_and_the_resource(
    app: Application, service: TestClient, server: TestClient, resource: Resource
) -> None:
    """Grants of equal requests are remembered; neither another client nor a change gets them."""
    asked = {"resource": resource.identifier, "scope": "write"}
    services = services_of(app)

    before = await request(app, service, **asked)
    narrowed = ClientPolicies(allowed_scopes=("read",))
    await services.clients.policies.set(service.client_id, narrowed, authority=FULL)
    by_policy = await request(app, service, **asked)
    of_another = await request(app, server, **asked)
    closed = resource_body(resource.name, is_open_to_all_clients=False, servers=[])
    await services.oauth.resources.change(resource.name, closed, authority=FULL)
    by_resource = await request(app, server, **asked)

    assert before.json()["scope"] == of_another.json()["scope"] == "read write"
    assert_oauth_error(by_policy, "invalid_scope")
    assert_oauth_error(by_resource, "invalid_target")


async def test_without_a_default_resource_nothing_is_looked_up(
    app: Application, service: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = type(services_of(app).oauth.resource_catalogue)

    async def fail(*_: object) -> None:
        raise AssertionError("the resources are looked up")

    monkeypatch.setattr(catalogue, "current", fail)

    response = await request(app, service, scope="profile")

    assert response.status_code == 200
    assert await app.is_active(service, response.json()["access_token"])


async def test_the_lifetime_is_that_of_the_resource_or_a_shorter_one_of_the_client(
    app: Application, service: TestClient
) -> None:
    made = await new_resource(app, access_token_ttl=300)

    by_resource = await request(app, service, resource=made.identifier)
    await services_of(app).clients.policies.set(
        service.client_id, ClientPolicies(access_token_ttl=60), authority=FULL
    )
    by_client = await request(app, service, resource=made.identifier)

    assert by_resource.json()["expires_in"] == 300
    assert by_client.json()["expires_in"] == 60


async def test_the_password_grant_is_for_a_resource_too(
    app: Application, service: TestClient, server: TestClient, resource: Resource, user: TestUser
) -> None:
    response = await app.password_grant(
        service, user, resource=resource.identifier, scope="profile write"
    )
    refreshed = await app.refresh(service, response.json()["refresh_token"])
    wrong = await app.password_grant(service, user, resource="https://unknown.example")

    for each in (response, refreshed):
        assert each.json()["scope"] == "profile read write"
        body = await app.introspect(server, each.json()["access_token"])
        assert body["aud"] == resource.identifier
        assert body["username"] == user.username
    assert_oauth_error(wrong, "invalid_target")


async def test_a_refresh_narrows_the_scope_and_widens_nothing(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    """SECURITY_BAR row 6: widened scope"""
    first = (
        await app.password_grant(service, user, resource=resource.identifier, scope="read")
    ).json()

    wider = await app.refresh(service, first["refresh_token"], scope="read write")
    own = await app.refresh(service, first["refresh_token"], scope="read profile")
    narrowed = await app.refresh(service, first["refresh_token"], scope="read")

    for response in (wider, own):
        assert_oauth_error(response, "invalid_scope")
    assert narrowed.json()["scope"] == "read"


async def test_a_narrower_scope_that_is_implied_can_be_asked_for(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    first = await app.password_grant(
        service, user, resource=resource.identifier, scope="write profile"
    )

    narrowed = await app.refresh(service, first.json()["refresh_token"], scope="read")
    again = await app.refresh(service, narrowed.json()["refresh_token"])

    assert narrowed.json()["scope"] == "read"
    assert again.json()["scope"] == "profile read write"


async def test_a_refresh_for_a_resource_that_was_not_granted_is_refused(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    """SECURITY_BAR row 40: widened audience"""
    other = await new_resource(app)
    for_resource = await app.password_grant(service, user, resource=resource.identifier)
    for_none = await app.password_grant(service, user, scope="profile")

    for first, sent in ((for_resource, other), (for_none, resource)):
        token = first.json()["refresh_token"]
        refused = await app.refresh(service, token, resource=sent.identifier)
        assert_oauth_error(refused, "invalid_target")
        assert (await app.refresh(service, token)).status_code == 200


async def test_tokens_without_an_audience_stay_so_when_the_client_gets_a_default_resource(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    first = await app.password_grant(service, user, scope="profile")
    await make_default(app, service, resource)

    refreshed = await app.refresh(service, first.json()["refresh_token"])

    assert refreshed.json()["scope"] == "profile"
    assert "aud" not in await app.introspect(service, refreshed.json()["access_token"])


async def test_a_deleted_resource_ends_its_tokens_and_their_refresh(
    app: Application, service: TestClient, server: TestClient, resource: Resource, user: TestUser
) -> None:
    first = (await app.password_grant(service, user, resource=resource.identifier)).json()
    assert await app.is_active(server, first["access_token"])

    await services_of(app).oauth.resources.delete(resource.name, authority=FULL)

    assert not await app.is_active(server, first["access_token"])
    assert_oauth_error(await app.refresh(service, first["refresh_token"]), "invalid_target")


async def test_a_scope_that_the_resource_lost_is_not_refreshed(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    first = await app.password_grant(
        service, user, resource=resource.identifier, scope="profile write"
    )
    fewer = resource_body(resource.name, scopes=[READ], servers=list(resource.servers))
    await services_of(app).oauth.resources.change(resource.name, fewer, authority=FULL)

    refreshed = await app.refresh(service, first.json()["refresh_token"])

    assert refreshed.json()["scope"] == "profile"
