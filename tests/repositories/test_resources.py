"""Resources, and how two administrators change them at once."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from app.database.database import Database
from app.models.oauth.resources import Resource, ResourceScope
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.resources import ResourceRepository
from tests.repositories.conftest import NOW, new_client
from tests.support.events import new_event

SCOPES = (
    ResourceScope("read", "Read", json.dumps({"de": "Lesen"}), True, ""),
    ResourceScope("write", "Write", "{}", False, "read"),
)


def resource_named(name: str, **values: Any) -> Resource:
    stored = Resource(
        name=name,
        identifier=f"https://{name}.example",
        title="An API",
        token_format="jwt",
        signing_alg="ES256",
        access_token_ttl=600,
        is_open_to_all_clients=False,
        shows_metadata=True,
        allows_personal_tokens=True,
        policies='{"personal_tokens":{"kind":"nobody"}}',
        owner="manual",
        version=1,
        created_at=NOW,
        is_for_agents=False,
        aliases=frozenset({f"https://{name}.example/mcp"}),
        scopes=SCOPES,
        requesters=frozenset({"a-client", "another"}),
        servers=frozenset({"another", "a-server"}),
    )
    return replace(stored, **values)


@pytest.fixture
def repository(database: Database) -> ResourceRepository:
    return ResourceRepository(database)


async def test_a_resource_is_read_back_unchanged(repository: ResourceRepository) -> None:
    stored, bare = (
        resource_named("full"),
        resource_named(
            "bare",
            access_token_ttl=None,
            policies=None,
            aliases=frozenset(),
            scopes=(),
            requesters=frozenset(),
            servers=frozenset(),
        ),
    )
    for each in (stored, bare):
        assert await repository.add(each, event=new_event()) is None

    assert [each for each in await repository.list_all() if each.name in ("full", "bare")] == [
        bare,
        stored,
    ]


async def test_a_name_an_identifier_and_an_alias_belong_to_one_resource(
    repository: ResourceRepository,
) -> None:
    await repository.add(resource_named("first"), event=new_event())
    origin = "https://first.example"

    same_name = resource_named("first", identifier="https://x.example", aliases=frozenset())
    same_identifier = resource_named("second", identifier=origin)
    same_by_slash = resource_named("second", identifier=f"{origin}/")
    alias_is_identifier = resource_named("second", aliases=frozenset({origin}))
    same_alias = resource_named("second", aliases=frozenset({f"{origin}/mcp"}))

    assert await repository.add(same_name, event=new_event()) == "name"
    for each in (same_identifier, same_by_slash, alias_is_identifier, same_alias):
        assert await repository.add(each, event=new_event()) == "identifier"
    names = [each.name for each in await repository.list_all()]
    assert "second" not in names


async def test_of_two_changes_at_once_one_is_stored(repository: ResourceRepository) -> None:
    before = resource_named("raced")
    await repository.add(before, event=new_event())
    changes = [replace(before, title=f"Title {number}", scopes=SCOPES[:1]) for number in range(5)]

    outcomes = await asyncio.gather(
        *(repository.change(before, each, event=new_event()) for each in changes)
    )

    winner = changes[outcomes.index("changed")]
    [stored] = [each for each in await repository.list_all() if each.name == "raced"]
    assert sorted(outcomes) == ["changed", *["stale"] * 4]
    assert stored == replace(winner, version=2)


async def test_a_change_that_takes_an_alias_of_another_changes_nothing(
    repository: ResourceRepository,
) -> None:
    first, second = resource_named("one"), resource_named("two")
    for each in (first, second):
        await repository.add(each, event=new_event())

    taken = replace(second, aliases=first.aliases, scopes=())

    assert await repository.change(second, taken, event=new_event()) == "taken"
    assert second in await repository.list_all()


async def test_a_resource_is_deleted_with_its_identifiers(repository: ResourceRepository) -> None:
    stored = resource_named("deleted")
    await repository.add(stored, event=new_event())

    outdated = await repository.delete(replace(stored, version=7), event=new_event())
    outcome = await repository.delete(stored, event=new_event())
    again = await repository.delete(stored, event=new_event())

    assert (outdated, outcome, again) == ("stale", "deleted", "stale")
    assert await repository.add(stored, event=new_event()) is None


async def test_the_default_resource_of_a_client_is_not_deleted(
    database: Database, repository: ResourceRepository
) -> None:
    stored = resource_named("kept")
    await repository.add(stored, event=new_event())
    await ClientRepository(database).add(new_client(default_resource="kept"), event=new_event())

    assert await repository.delete(stored, event=new_event()) == "is_default"
    assert stored in await repository.list_all()


async def test_a_deleted_client_is_no_longer_listed(
    database: Database, repository: ResourceRepository
) -> None:
    """Not even if its id could be registered again"""
    clients, client = ClientRepository(database), new_client()
    await clients.add(client, event=new_event())
    members = frozenset({client.client_id, "other"})
    await repository.add(
        resource_named("listed", requesters=members, servers=members), event=new_event()
    )

    await clients.delete(client.client_id, now=NOW, event=new_event())

    [stored] = [each for each in await repository.list_all() if each.name == "listed"]
    assert stored.requesters == stored.servers == {"other"}
