"""What only administrators set in the measured database: resources, policies and groups."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from app.clock import Clock
from app.errors import ConflictError
from app.schemas.client_policies import ClientPolicies
from app.schemas.groups import GroupBody
from app.schemas.resources import ResourceBody
from app.services.operations.authority import FULL
from app.settings import Settings
from app.wiring import Services, build_services


class Resources(NamedTuple):
    """The identifiers of the resources, by the format of their access tokens."""

    jwt: str
    opaque: str


RESOURCES = Resources(jwt="https://bench.example", opaque="https://target.bench.example")
NAMES = Resources(jwt="bench", opaque="bench-target")


def create_resources(database_url: str, *, servers: Sequence[str]) -> Resources:
    """Create the resources that do not exist, and return their identifiers.

    The clients `servers` may introspect its tokens. Call it before the server reads any resource.
    """
    asyncio.run(_create(database_url, servers))
    return RESOURCES


def allow_exchange(database_url: str, client_ids: Sequence[str], *, of: str) -> None:
    """Let clients exchange the tokens of the client `of` for the resource with opaque ones."""
    asyncio.run(_allow_exchange(database_url, client_ids, of))


def map_groups(database_url: str, client_id: str, *, username: str) -> None:
    """Put a user into a group, and show the groups of users in introspection for a client."""
    asyncio.run(_map_groups(database_url, client_id, username))


async def _create(database_url: str, servers: Sequence[str]) -> None:
    async with _services(database_url) as services:
        for token_format in Resources._fields:
            body = ResourceBody.model_validate(
                {
                    "name": getattr(NAMES, token_format),
                    "identifier": getattr(RESOURCES, token_format),
                    "title": "The benchmark",
                    "is_open_to_all_clients": True,
                    "servers": list(servers),
                    "scopes": [{"name": "read", "description": "Read", "is_default": True}],
                    "token_format": token_format,
                }
            )
            with suppress(ConflictError):
                await services.oauth.resources.create(body, authority=FULL)


async def _allow_exchange(database_url: str, client_ids: Sequence[str], of: str) -> None:
    exchange = {"targets": [NAMES.opaque], "exchanger_of": [of]}
    policies = ClientPolicies.model_validate({"token_exchange": exchange})
    async with _services(database_url) as services:
        for client_id in client_ids:
            await services.clients.policies.set(client_id, policies, authority=FULL)


async def _map_groups(database_url: str, client_id: str, username: str) -> None:
    mapping = {"name": "groups", "source": "groups", "targets": ["introspection"]}
    policies = ClientPolicies.model_validate({"claim_mappings": [mapping]})
    async with _services(database_url) as services:
        user = await services.accounts.users.get(username)
        body = GroupBody(name=f"group of {username}")
        group = await services.accounts.groups.create(body, authority=FULL)
        await services.accounts.groups.add_member(group.group_id, user.user_id, authority=FULL)
        await services.clients.policies.set(client_id, policies, authority=FULL)


@asynccontextmanager
async def _services(database_url: str) -> AsyncIterator[Services]:
    settings = Settings(database_url=database_url, app_env="development", secret_key="x" * 32)
    services = build_services(settings, Clock())
    try:
        yield services
    finally:
        await services.close()
