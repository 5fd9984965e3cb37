"""Groups and roles in tokens: by scope, and by the mappings of a client."""

from typing import Any

import pytest

from app.errors import InvalidInputError
from app.services.operations.authority import FULL
from tests.support.administration import (
    define,
    id_of,
    new_group,
    new_role,
    set_policies,
)
from tests.support.application import Application, TestClient, TestUser
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.people import userinfo
from tests.support.visitor import Visitor, text_of

pytestmark = pytest.mark.both_databases

SCOPE = "openid profile groups roles offline_access"


async def client_with_scope(app: Application, scope: str = SCOPE) -> TestClient:
    return await app.create_client(scope=scope)


async def answers(
    app: Application, client: TestClient, tokens: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """What the client is told about the user, by the place where it is told."""
    return {
        "id_token": await claims_of(app, tokens["id_token"], audience=client.client_id),
        "userinfo": (await userinfo(app, tokens["access_token"])).json(),
        "introspection": await app.introspect(client, tokens["access_token"]),
    }


async def test_the_scopes_release_groups_and_roles_everywhere(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client, other = await client_with_scope(app), await app.create_client()
    crew = await new_group(app, user, name="Crew")
    await new_group(app, name="Others")
    await new_role(app, user, name="employee")
    await new_role(app, crew, name="Editor", client=client)
    await new_role(app, user, name="Secret", client=other)

    tokens = await visitor.tokens_for(client, user, scope=SCOPE)

    for place, claims in (await answers(app, client, tokens)).items():
        assert claims["groups"] == ["Crew"], place
        assert claims["roles"] == ["Editor", "employee"], place


async def test_without_the_scopes_nothing_is_released(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await client_with_scope(app)
    await new_role(app, await new_group(app, user))

    tokens = await visitor.tokens_for(client, user, scope="openid profile")

    for place, claims in (await answers(app, client, tokens)).items():
        assert {"groups", "roles"}.isdisjoint(claims), place


async def test_a_refreshed_id_token_has_the_groups_of_now(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await client_with_scope(app)
    tokens = await visitor.tokens_for(client, user, scope=SCOPE)
    group = await new_group(app, user)

    refreshed = (await app.refresh(client, tokens["refresh_token"])).json()

    claims = await claims_of(app, refreshed["id_token"], audience=client.client_id)
    assert claims["groups"] == [group.name]
    assert claims["roles"] == []


async def test_the_user_is_asked_for_groups_and_roles(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await client_with_scope(app)

    consent = await visitor.sign_in(await visitor.authorize(client, scope=SCOPE), user)

    assert "The groups you belong to" in text_of(consent)
    assert "Your roles" in text_of(consent)


async def test_the_claims_parameter_can_ask_for_groups(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect Core section 5.5"""
    client, group = await client_with_scope(app), await new_group(app, user)
    request = '{"id_token": {"groups": null}, "userinfo": {"roles": null}}'

    tokens = await visitor.tokens_for(client, user, scope="openid", claims=request)

    told = await answers(app, client, tokens)
    assert told["id_token"]["groups"] == [group.name]
    assert "groups" not in told["userinfo"]
    assert told["userinfo"]["roles"] == []


async def test_clients_that_did_not_register_the_scopes_go_on_as_before(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """They are ignored like unknown ones, and are not part of a default"""
    await new_group(app, user)

    tokens = await visitor.tokens_for(client, user, scope="openid groups roles")
    registered = await app.http.post(
        "/register", json={"redirect_uris": ["http://localhost:3000/callback"]}
    )

    assert tokens["scope"] == "openid"
    assert "groups" not in await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert {"groups", "roles"}.isdisjoint(registered.json()["scope"].split())


async def test_tokens_of_a_client_itself_have_no_groups(app: Application) -> None:
    client = await client_with_scope(app)
    token = (await app.client_credentials(client, scope="groups roles")).json()["access_token"]

    introspected = await app.introspect(client, token)

    assert introspected["scope"] == "groups roles"
    assert {"groups", "roles"}.isdisjoint(introspected)


async def test_mappings_set_claims_where_they_say_and_without_a_scope(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await new_group(app, user, name="k8s-admins")
    await new_group(app, user, name="unrelated")
    await define(app, "quota", "number")
    await services_of(app).accounts.user_attributes.set(
        await id_of(app, user), {"quota": 5}, authority=FULL
    )
    await set_policies(
        app,
        client,
        claim_mappings=[
            {
                "name": "groups",
                "source": "groups",
                "targets": ["id_token"],
                "filter": ["k8s-*"],
                "prefix": "oidc:",
            },
            {"name": "quota", "source": "attribute:quota", "targets": ["userinfo"]},
            {"name": "tier", "source": "static", "value": "gold", "targets": ["introspection"]},
        ],
    )

    tokens = await visitor.tokens_for(client, user, scope="openid")

    told = await answers(app, client, tokens)
    names = ("groups", "quota", "tier")
    assert {
        place: {name: claims[name] for name in names if name in claims}
        for place, claims in told.items()
    } == {
        "id_token": {"groups": ["oidc:k8s-admins"]},
        "userinfo": {"quota": 5},
        "introspection": {"tier": "gold"},
    }


async def test_the_mapping_is_that_of_the_client_of_the_token_whoever_asks(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    resource_server = await app.create_client()
    mapping = {"source": "static", "targets": ["introspection"]}
    await set_policies(
        app, client, claim_mappings=[{**mapping, "name": "mine", "value": "of the client"}]
    )
    await set_policies(
        app, resource_server, claim_mappings=[{**mapping, "name": "theirs", "value": "x"}]
    )
    await new_role(app, user, name="internal", client=resource_server)

    tokens = await visitor.tokens_for(client, user)
    introspected = await app.introspect(resource_server, tokens["access_token"])

    assert introspected["mine"] == "of the client"
    assert "theirs" not in introspected
    assert "internal" not in str(introspected)


async def test_a_refresh_token_is_introspected_with_the_mapped_claims(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    mapping = {"name": "tier", "source": "static", "value": 1, "targets": ["introspection"]}
    await set_policies(app, client, claim_mappings=[mapping])

    tokens = await visitor.tokens_for(client, user, scope="openid offline_access")

    assert (await app.introspect(client, tokens["refresh_token"]))["tier"] == 1


async def test_the_metadata_lists_scopes_and_claims(app: Application) -> None:
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    for name in ("groups", "roles"):
        assert name in metadata["scopes_supported"]
        assert name in metadata["claims_supported"]
    assert not {"admin", "users:write"} & set(metadata["scopes_supported"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", 10**400),
        ("string", "x" * 1001),
        ("string", "a\x00b"),
        ("list", ["x"] * 101),
    ],
    ids=["nan", "infinite", "huge", "long", "control character", "many"],
)
async def test_a_value_that_no_token_can_carry_is_refused(
    app: Application, user: TestUser, kind: str, value: Any
) -> None:
    attributes, user_id = services_of(app).accounts.user_attributes, await id_of(app, user)
    name = app.new_name("value").replace("-", "_").lower()
    await define(app, name, kind, editable_by="user")

    with pytest.raises(InvalidInputError):
        await attributes.set(user_id, {name: value}, authority=FULL)
    with pytest.raises(InvalidInputError):
        await attributes.set_own(user_id, {name: value})

    assert await attributes.of(user_id) == {}


async def test_policies_that_name_a_deleted_group_or_attribute_can_still_be_changed(
    app: Application, client: TestClient
) -> None:
    accounts, group = services_of(app).accounts, await new_group(app)
    await define(app, "vanishing", "string")
    mapping = {"name": "v", "source": "attribute:vanishing", "targets": ["userinfo"]}
    stored: dict[str, Any] = {
        "access": {"kind": "groups", "groups": [group.group_id]},
        "claim_mappings": [mapping],
    }
    await set_policies(app, client, **stored)
    await accounts.groups.delete(group.group_id, authority=FULL)
    await accounts.attributes.delete("vanishing", authority=FULL)

    await set_policies(app, client, **stored, require_verified_email=True)

    with pytest.raises(InvalidInputError):
        await set_policies(app, client, claim_mappings=[{**mapping, "name": "another"}])
    await set_policies(app, client)
    with pytest.raises(InvalidInputError):
        await set_policies(app, client, access=stored["access"])


async def test_scopes_of_its_own_named_groups_and_roles_remain_in_a_clients_default(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """A client of the release before registered them with a meaning of its own."""
    client = await client_with_scope(app)

    own = await app.client_credentials(client)
    tokens = await visitor.tokens_for(client, user, scope=None)

    assert own.json()["scope"] == "profile groups roles"
    assert tokens["scope"] == "profile"
