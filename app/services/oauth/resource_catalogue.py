"""Cache of the resources in this process; all callers share one read at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.concurrency.single_flight import SingleFlight
from app.errors import DatabaseUnavailableError
from app.models.oauth.granted_resources import GrantedResources
from app.models.oauth.resources import Resource
from app.repositories.oauth.resources import ResourceRepository
from app.security.resource_identifiers import key_of

CACHED_FOR = timedelta(seconds=10)
READ_AGAIN_AFTER = timedelta(seconds=1)
PATIENCE = 1.0
"""Seconds for which the metadata documents wait for a read, and not again until it can be tried."""
ALL = "all"


@dataclass(frozen=True, slots=True)
class Cached:
    by_key: Mapping[str, Resource]
    by_name: Mapping[str, Resource]
    read_at: datetime


class ResourceCatalogue:
    """The resources, at most `CACHED_FOR` old.

    If they cannot be read, the caller gets the error of the database: what a client may request
    must not be answered from memory for longer. Only metadata documents do that. `has_agents` is
    whether a resource was for agents when they were last read for one.
    """

    def __init__(self, resource_repository: ResourceRepository, clock: Clock) -> None:
        self._resource_repository = resource_repository
        self._clock = clock
        self._cached: Cached | None = None
        self._generation = 0
        self._published: Sequence[Resource] = ()
        self._failed_at: datetime | None = None
        self.has_agents = False
        self._read_once = SingleFlight(self._read, is_outbound=False)

    async def find(self, identifier: str) -> Resource | None:
        """Return the resource with an identifier or alias, in any form that clients may send."""
        by_key = (await self.current()).by_key
        return by_key.get(identifier) or by_key.get(key_of(identifier))

    async def find_audience(self, audience: str, *, issued_at: datetime) -> Resource | None:
        """Return the resource that has exactly this identifier, as tokens name it.

        None if it was deleted and created again since the token was issued.
        """
        resource = await self.find(audience)
        if resource is None or resource.identifier != audience:
            return None
        return resource if resource.existed_at(issued_at) else None

    async def still_granted(
        self, granted: GrantedResources, *, granted_at: datetime
    ) -> GrantedResources:
        """Return a grant without the resources that were deleted and created again since."""
        ended = set()
        for identifier in granted.scopes:
            resource = await self.find(identifier)
            if resource is not None and not resource.existed_at(granted_at):
                ended.add(identifier)
        return granted.without(ended) if ended else granted

    async def find_by_name(self, name: str) -> Resource | None:
        return (await self.current()).by_name.get(name)

    async def list_all(self) -> Sequence[Resource]:
        """Return all resources, by name."""
        return list((await self.current()).by_name.values())

    async def published(self) -> Sequence[Resource]:
        """Return the resources that show their metadata, by name.

        While they cannot be read, these are the last ones that were read: discovery must not depend
        on the database.
        """
        now = self._clock.now()
        if self._failed_at is not None and abs(now - self._failed_at) <= READ_AGAIN_AFTER:
            return self._published
        try:
            async with asyncio.timeout(PATIENCE):
                resources = await self.list_all()
        except (TimeoutError, DatabaseUnavailableError):
            self._failed_at = now
            return self._published
        self._published = [resource for resource in resources if resource.shows_metadata]
        self.has_agents = any(resource.is_for_agents for resource in resources)
        self._failed_at = None
        return self._published

    def forget(self) -> None:
        """Read again at the next request: this process changed a resource."""
        self._generation += 1
        self._cached = None

    async def current(self) -> Cached:
        """Return all resources as they were read, the same object until they are read again."""
        cached = self._cached
        if cached is not None and abs(self._clock.now() - cached.read_at) <= CACHED_FOR:
            return cached
        return await self._read_once(f"{ALL} {self._generation}")

    async def _read(self, _: str) -> Cached:
        now, generation = self._clock.now(), self._generation
        resources = await self._resource_repository.list_all()
        cached = Cached(
            by_key={
                key: resource
                for resource in resources
                for key in (key_of(resource.identifier), *resource.aliases)
            },
            by_name={resource.name: resource for resource in resources},
            read_at=now,
        )
        if generation == self._generation:
            self._cached = cached
        return cached
