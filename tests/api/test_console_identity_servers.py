"""The servers to which a client may take users' identities, in the console (ID-JAG)."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.schemas.client_policies import AccessPolicy, ClientPolicies, IdentityAssertionPolicy
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import new_group
from tests.support.application import Application, TestClient
from tests.support.console import administrator_in, told
from tests.support.parts import services_of
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
CHAT = "https://chat.example"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


def url_of(client: TestClient) -> str:
    return f"/admin/clients/{client.client_id}"


def typed(other: TestClient, **fields: str) -> dict[str, str]:
    """Return the fields of a server that signs users in by another client."""
    return {
        "audience": CHAT,
        "relying_party": other.client_id,
        "client_id": "there",
        "access": "everyone",
        "resources": f"{CHAT}/mcp {CHAT}/api",
        **fields,
    }


async def added(
    visitor: Visitor, client: TestClient, other: TestClient, **fields: str
) -> httpx.Response:
    form = await visitor.get(f"{url_of(client)}/identity-servers/+new")
    return await visitor.submit(form, **typed(other, **fields))


async def policies_of(app: Application, client: TestClient) -> ClientPolicies:
    row = await services_of(app).clients.clients.get(client.client_id)
    return row.policies_in_force or ClientPolicies()


async def test_a_server_is_added_changed_and_removed(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await administrator_in(visitor)
    url, relying_party = url_of(client), await app.create_client()
    group = await new_group(app)
    empty = told(await visitor.get(url))

    page = await added(
        visitor,
        client,
        relying_party,
        scopes="chat.read chat.write",
        release_email="1",
    )
    assert page.status_code == 303, told(page)
    shown, created = told(await visitor.follow(page)), await policies_of(app, client)
    form = await visitor.get(f"{url}/identity-servers/1")
    chosen = {"access": "groups", f"groups.{group.group_id}": "1"}
    await visitor.submit(form, **chosen, scopes="", release_email="")
    changed = await policies_of(app, client)
    stale = await visitor.submit(form, client_id="other")
    removed = await visitor.submit(await visitor.get(f"{url}/remove-identity-server/1"))

    entry = IdentityAssertionPolicy(
        audience=CHAT,
        relying_party=relying_party.client_id,
        client_id="there",
        access=AccessPolicy(),
        resources=(f"{CHAT}/mcp", f"{CHAT}/api"),
        scopes=("chat.read", "chat.write"),
        release_email=True,
    )
    assert "can't take users' identities" in empty
    assert f"{CHAT} there Everyone" in shown
    assert created.identity_assertions == (entry,)
    access = AccessPolicy(kind="groups", groups=(group.group_id,))
    assert changed.identity_assertions == (
        entry.model_copy(update={"access": access, "scopes": (), "release_email": False}),
    )
    assert stale.status_code == 409
    assert removed.headers["location"] == f"{url}?done=removed"
    assert (await policies_of(app, client)).identity_assertions == ()
    assert (await visitor.get(f"{url}/identity-servers/1")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"audience": "chat"}, "audience", "Enter a URL, such as"),
        ({"audience": "https://taken.example"}, "audience", "Another entry of this client"),
        ({"relying_party": "unknown"}, "relying_party", "There is no client with that ID."),
        ({"relying_party": ""}, "relying_party", "Enter one client ID."),
        ({"client_id": "a b"}, "client_id", "Enter one client ID."),
        ({"access": "groups"}, "access", "Choose at least one group."),
        ({"access": "some"}, "access", "Choose one of the values."),
        ({"group": "1"}, "groups", "choose the groups as the users"),
        ({"resources": ""}, "resources", "Enter 1 to 20 URLs"),
        ({"resources": "mcp"}, "resources", "Enter 1 to 20 URLs"),
        ({"scopes": 'a"b'}, "scopes", "Enter up to 100 names of scopes"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    app: Application,
    visitor: Visitor,
    client: TestClient,
    fields: dict[str, Any],
    field: str,
    message: str,
) -> None:
    await administrator_in(visitor)
    relying_party, group = await app.create_client(), await new_group(app)
    await added(visitor, client, relying_party, audience="https://taken.example")
    before = await policies_of(app, client)
    if fields.pop("group", None):
        fields[f"groups.{group.group_id}"] = "1"

    page = await added(visitor, client, relying_party, **fields)

    assert page.status_code >= 400
    assert f'id="{field}-error"' in page.text
    assert message in told(page)
    assert await policies_of(app, client) == before


async def test_a_group_that_was_deleted_remains_in_the_policy(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await administrator_in(visitor)
    relying_party, group = await app.create_client(), await new_group(app)
    other = await new_group(app)
    boxes = {f"groups.{group.group_id}": "1", "access": "groups"}
    await added(visitor, client, relying_party, **boxes)
    await services_of(app).accounts.groups.delete(group.group_id, authority=FULL)

    form = await visitor.get(f"{url_of(client)}/identity-servers/1")
    page = await visitor.submit(form, access="groups", **{f"groups.{other.group_id}": "1"})

    assert page.status_code == 303, told(page)
    (entry,) = (await policies_of(app, client)).identity_assertions
    assert entry.access.groups == (other.group_id, group.group_id)


async def test_a_client_that_was_deleted_remains_in_the_policy_and_is_not_chosen_anew(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await administrator_in(visitor)
    services, deleted = services_of(app), await app.create_client()
    await added(visitor, client, deleted)
    await services.clients.clients.delete(await services.clients.clients.get(deleted.client_id))

    form = await visitor.get(f"{url_of(client)}/identity-servers/1")
    kept = await visitor.submit(form, access="everyone", scopes="chat.read")
    elsewhere = await added(visitor, client, deleted, audience="https://other.example")

    (entry,) = (await policies_of(app, client)).identity_assertions
    assert kept.status_code == 303, told(kept)
    assert (entry.relying_party, entry.scopes) == (deleted.client_id, ("chat.read",))
    assert elsewhere.status_code == 422


async def test_a_change_needs_a_recent_sign_in_and_an_administrator(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await administrator_in(visitor)
    await added(visitor, client, await app.create_client())
    places = ("identity-servers/+new", "identity-servers/1", "remove-identity-server/1")
    app.clock.advance(seconds=FRESH_SECONDS)
    for place in places:
        page = await visitor.get(f"{url_of(client)}/{place}")
        assert page.headers["location"].startswith("/login?next=")
    await administrator_in(visitor, "auditor")

    shown = await visitor.get(url_of(client))

    assert CHAT in told(shown)
    assert "identity-server" not in shown.text
    for place in places:
        assert (await visitor.get(f"{url_of(client)}/{place}")).status_code == 403
