"""Resources as administrators manage them: names, identifiers, scopes, clients, and the log."""

import asyncio
import json
from typing import Any

import pytest

from app.errors import (
    ConflictError,
    DatabaseUnavailableError,
    FullAdministratorRequiredError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
)
from app.oauth.scopes import SCOPES
from app.repositories.oauth.resources import ResourceRepository
from app.schemas.admin_scopes import AdminScope
from app.services.oauth import resource_catalogue
from app.services.operations.authority import FULL, authority_of
from tests.support.application import Application, TestClient
from tests.support.parts import running_services, services_of
from tests.support.resources import READ, make_default, new_resource, resource_body


async def listed(app: Application, name: str) -> Any:
    return await services_of(app).oauth.resources.get(name)


async def test_a_resource_is_stored_as_it_was_stated(app: Application, client: TestClient) -> None:
    name = app.new_name("api")
    made = await new_resource(
        app,
        name=name,
        aliases=[f"HTTPS://{name}.example/MCP".replace("HTTPS", "https")],
        requesters=[client.client_id],
        servers=[client.client_id],
        is_open_to_all_clients=False,
        access_token_ttl=600,
        token_format="jwt",
        scopes=[{**READ, "translations": {"de": "Lesen"}}],
    )

    assert await listed(app, name) == made
    assert made.aliases == {f"https://{name}.example/MCP"}
    assert made.may_be_requested_by(client.client_id)
    assert not made.may_be_requested_by("another")
    assert made.is_served_by(client.client_id)
    assert made.scopes_by_name["read"].text_in("de") == "Lesen"
    assert made.scopes_by_name["read"].text_in("fr") == READ["description"]


async def test_a_scope_brings_what_it_implies_directly_or_not(app: Application) -> None:
    made = await new_resource(
        app,
        scopes=[
            {"name": "all", "description": "Do all", "implies": ["write", "all"]},
            {"name": "write", "description": "Write", "implies": ["read"]},
            {"name": "read", "description": "Read", "implies": ["none"]},
            {"name": "none", "description": "Nothing", "implies": ["read"]},
        ],
    )

    assert made.with_implied(["write"]) == {"write", "read", "none"}
    assert made.with_implied(["all"]) == {"all", "write", "read", "none"}
    assert made.with_implied(["unknown"]) == frozenset()
    assert made.default_scopes == ()


async def test_names_and_identifiers_are_unique_with_the_field_that_is_taken(
    app: Application,
) -> None:
    made, resources = await new_resource(app), services_of(app).oauth.resources
    origin, other = made.identifier, app.new_name("other")
    alias = f"https://{other}.example/alias"
    await resources.create(resource_body(other, aliases=[alias]), authority=FULL)

    for field, body in {
        "name": resource_body(made.name, identifier="https://free.example"),
        "identifier": resource_body("free", identifier=f"{origin}/"),
        "aliases": resource_body("free", aliases=[f"{origin}/"]),
    }.items():
        with pytest.raises(ConflictError) as refused:
            await resources.create(body, authority=FULL)
        assert refused.value.field == field
    with pytest.raises(ConflictError):
        await resources.change(made.name, resource_body(made.name, aliases=[alias]), authority=FULL)
    assert (await listed(app, made.name)).aliases == frozenset()


async def test_the_name_and_the_identifier_stay(app: Application) -> None:
    made, resources = await new_resource(app), services_of(app).oauth.resources

    for field, body in {
        "name": resource_body("renamed", identifier=made.identifier),
        "identifier": resource_body(made.name, identifier="https://moved.example"),
    }.items():
        with pytest.raises(InvalidInputError) as refused:
            await resources.change(made.name, body, authority=FULL)
        assert refused.value.field == field


@pytest.mark.parametrize(
    "name",
    [*SCOPES, *AdminScope],
)
async def test_a_scope_of_this_server_is_no_scope_of_a_resource(
    app: Application, name: str
) -> None:
    """A resource's `users:read` must not look like ours"""
    with pytest.raises(InvalidInputError) as refused:
        await new_resource(app, scopes=[{"name": name, "description": "Mine"}])

    assert refused.value.field == "scopes"


async def test_the_issuer_is_no_resource(app: Application) -> None:
    issuer = app.settings.issuer_url

    for field, value in {"identifier": issuer, "aliases": [f"{issuer}/"]}.items():
        with pytest.raises(InvalidInputError) as refused:
            await new_resource(app, **{field: value})
        assert refused.value.field == field


async def test_only_known_clients_are_listed_and_only_confidential_ones_as_servers(
    app: Application,
) -> None:
    public = await app.create_client(
        token_endpoint_auth_method="none", grant_types=["authorization_code"]
    )

    for field in ("requesters", "servers"):
        with pytest.raises(InvalidInputError) as refused:
            await new_resource(app, **{field: ["unknown"]})
        assert refused.value.field == field
    with pytest.raises(InvalidInputError) as refused:
        await new_resource(app, servers=[public.client_id])
    assert refused.value.field == "servers"
    assert (await new_resource(app, requesters=[public.client_id])).requesters


async def test_a_group_of_the_policies_exists(app: Application) -> None:
    policies = {"personal_tokens": {"kind": "groups", "groups": ["0" * 32]}}

    with pytest.raises(InvalidInputError) as refused:
        await new_resource(app, policies=policies)

    assert refused.value.field == "policies"


async def test_a_client_with_admin_scopes_is_listed_by_a_full_administrator_only(
    app: Application, client: TestClient
) -> None:
    """Nobody gives more than they hold"""
    services, limited = (
        services_of(app),
        authority_of([AdminScope.RESOURCES_WRITE, AdminScope.CLIENTS_WRITE]),
    )
    await services.clients.administration.set_admin_scopes(
        client.client_id, [AdminScope.USERS_READ], authority=FULL
    )
    made = await new_resource(app, servers=[client.client_id])
    fewer = resource_body(made.name)

    for body in (fewer, resource_body(made.name, servers=fewer.servers, requesters=["unknown"])):
        with pytest.raises((FullAdministratorRequiredError, InvalidInputError)):
            await services.oauth.resources.change(made.name, body, authority=limited)
    with pytest.raises(FullAdministratorRequiredError):
        await services.oauth.resources.create(
            resource_body("mine", requesters=[client.client_id]), authority=limited
        )
    with pytest.raises(FullAdministratorRequiredError):
        await services.oauth.resources.delete(made.name, authority=limited)
    same_clients = resource_body(made.name, servers=[client.client_id], title="New")
    changed = await services.oauth.resources.change(made.name, same_clients, authority=limited)
    assert changed.title == "New"


async def test_an_outdated_version_changes_nothing(app: Application) -> None:
    made, resources = await new_resource(app), services_of(app).oauth.resources
    body = resource_body(made.name, title="Changed")

    changed = await resources.change(made.name, body, version=1, authority=FULL)
    unchanged = await resources.change(made.name, body, authority=FULL)
    with pytest.raises(StaleVersionError):
        await resources.change(made.name, resource_body(made.name), version=1, authority=FULL)
    with pytest.raises(StaleVersionError):
        await resources.delete(made.name, version=1, authority=FULL)
    await resources.delete(made.name, version=2, authority=FULL)

    assert changed == unchanged
    assert changed.version == 2
    with pytest.raises(NotFoundError):
        await resources.get(made.name)


async def test_changes_are_audited_with_before_and_after(app: Application) -> None:
    services = services_of(app)
    made = await new_resource(app)
    body = resource_body(made.name, title="Changed", scopes=[READ])
    await services.oauth.resources.change(made.name, body, owner="prod.yaml", authority=FULL)
    await services.oauth.resources.delete(made.name, authority=FULL)

    events = [
        event async for event in services.core.audit.read_all() if f'"{made.name}"' in event.details
    ]
    created, changed, deleted = (json.loads(event.details) for event in events)
    assert [event.action for event in events] == [
        "resource.created",
        "resource.changed",
        "resource.deleted",
    ]
    assert created["after"]["scopes"]["write"]["implies"] == ["read"]
    assert changed["before"] == created["after"]
    assert changed["after"]["title"] == "Changed"
    assert changed["after"]["owner"] == "prod.yaml"
    assert deleted["before"] == changed["after"]


async def test_a_default_resource_is_one_that_the_client_may_request(
    app: Application, client: TestClient
) -> None:
    services = services_of(app)
    closed, opened = (
        await new_resource(app, is_open_to_all_clients=False),
        await new_resource(app),
    )

    with pytest.raises(InvalidInputError) as refused:
        await make_default(app, client, closed)
    assert refused.value.field == "default_resource"
    with pytest.raises(NotFoundError):
        await services.oauth.default_resources.set(client.client_id, "none", authority=FULL)
    await make_default(app, client, opened)
    with pytest.raises(ConflictError) as kept:
        await services.oauth.resources.delete(opened.name, authority=FULL)
    assert kept.value.error_code == "resource_is_default"
    await make_default(app, client, None)
    await services.oauth.resources.delete(opened.name, authority=FULL)


async def test_the_default_of_a_client_with_admin_scopes_is_set_by_a_full_administrator_only(
    app: Application, client: TestClient
) -> None:
    services, made = services_of(app), await new_resource(app)
    await services.clients.administration.set_admin_scopes(
        client.client_id, [AdminScope.USERS_READ], authority=FULL
    )

    with pytest.raises(FullAdministratorRequiredError):
        await services.oauth.default_resources.set(
            client.client_id, made.name, authority=authority_of([AdminScope.CLIENTS_WRITE])
        )


async def test_callers_at_the_same_moment_read_the_resources_once(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, catalogue, reads = await new_resource(app), services_of(app).oauth.resource_catalogue, 0
    list_all = ResourceRepository.list_all

    async def counted(self: ResourceRepository) -> Any:
        nonlocal reads
        reads += 1
        return await list_all(self)

    monkeypatch.setattr(ResourceRepository, "list_all", counted)
    found = await asyncio.gather(*(catalogue.find(f"{made.identifier}/") for _ in range(20)))
    await catalogue.find("https://unknown.example")

    assert found == [made] * 20
    assert reads == 1


async def test_another_worker_knows_a_new_resource_after_ten_seconds(app: Application) -> None:
    async with running_services(app.settings.database_url, app.clock) as other:
        catalogue = other.oauth.resource_catalogue
        assert await catalogue.find("https://unknown.example") is None
        made = await new_resource(app)
        before = await catalogue.find(made.identifier)
        app.clock.advance(seconds=resource_catalogue.CACHED_FOR.seconds + 1)
        after = await catalogue.find(made.identifier)

    assert (before, after) == (None, made)
    assert await services_of(app).oauth.resource_catalogue.find_by_name(made.name) == made


async def test_discovery_lists_the_resources_that_show_their_metadata(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 9728 section 4; also while the database does not answer"""

    async def discovered() -> dict[str, Any]:
        response = await app.http.get("/.well-known/oauth-authorization-server")
        return dict(response.json())

    async def fail(*_: object) -> None:
        raise DatabaseUnavailableError

    scopes = [{"name": name, "description": name} for name in (app.new_name("scope"), "read")]
    shown = await new_resource(app, shows_metadata=True, scopes=scopes)
    hidden = await new_resource(app, scopes=[{"name": "hidden:scope", "description": "x"}])

    documents = [await discovered()]
    app.clock.advance(seconds=resource_catalogue.CACHED_FOR.seconds + 1)
    with monkeypatch.context() as away:
        away.setattr(ResourceRepository, "list_all", fail)
        documents += [await discovered(), await discovered()]

    for document in documents:
        assert shown.identifier in document["protected_resources"]
        assert hidden.identifier not in document["protected_resources"]
        assert {scope["name"] for scope in scopes} <= set(document["scopes_supported"])
        assert document["scopes_supported"].count("read") == 1
        assert "hidden:scope" not in document["scopes_supported"]
