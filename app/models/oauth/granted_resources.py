"""What was granted at each resource, as codes, families and consents store it."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class GrantedResources:
    """The names of the scopes that were granted, by the identifier of their resource.

    A resource may be granted without any of its scopes.
    """

    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.scopes)

    def stored(self) -> str | None:
        """Return a JSON object of the scope by identifier, or None if there is no resource."""
        if not self.scopes:
            return None
        return json.dumps({name: " ".join(scopes) for name, scopes in self.scopes.items()})

    def includes(self, other: "GrantedResources") -> bool:
        """Return whether every resource and scope of another grant is in this one."""
        return all(
            identifier in self.scopes and set(names) <= set(self.scopes[identifier])
            for identifier, names in other.scopes.items()
        )

    def without(self, identifiers: Collection[str]) -> "GrantedResources":
        """Return this grant without some of its resources."""
        scopes = {name: each for name, each in self.scopes.items() if name not in identifiers}
        return GrantedResources(scopes)

    def joined(self, others: Iterable["GrantedResources"]) -> "GrantedResources":
        """Return everything that is in this grant or in others."""
        scopes = dict(self.scopes)
        for other in others:
            for identifier, names in other.scopes.items():
                scopes[identifier] = tuple(dict.fromkeys((*scopes.get(identifier, ()), *names)))
        return GrantedResources(scopes)


@lru_cache(maxsize=1024)
def parse_granted(stored: str | None) -> GrantedResources:
    """Parse what `stored` returned. Rows are read often, but their text is often the same."""
    if stored is None:
        return GrantedResources()
    scopes: dict[str, str] = json.loads(stored)
    return GrantedResources({name: tuple(scope.split()) for name, scope in scopes.items()})
