"""Resources as administrators state them: the members of a `ResourceBody`."""

from typing import Any

from app.models.oauth.resources import Resource, ResourceScope


def stated_resource(resource: Resource) -> dict[str, Any]:
    """Return the members of the body that would store this resource."""
    return {
        "name": resource.name,
        "identifier": resource.identifier,
        "title": resource.title,
        "aliases": sorted(resource.aliases),
        "scopes": [stated_scope(scope) for scope in resource.scopes],
        "token_format": resource.token_format,
        "signing_alg": resource.signing_alg,
        "access_token_ttl": resource.access_token_ttl,
        "is_open_to_all_clients": resource.is_open_to_all_clients,
        "requesters": sorted(resource.requesters),
        "servers": sorted(resource.servers),
        "shows_metadata": resource.shows_metadata,
        "allows_personal_tokens": resource.allows_personal_tokens,
        "agents": resource.is_for_agents,
        "policies": resource.policies_in_force.model_dump(mode="json", exclude_defaults=True),
    }


def stated_scope(scope: ResourceScope) -> dict[str, Any]:
    return {
        "name": scope.name,
        "description": scope.description,
        "translations": dict(scope.texts),
        "is_default": scope.is_default,
        "implies": scope.implies.split(),
    }
