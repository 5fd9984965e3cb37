"""Protected resource metadata and the challenge that refers to it (RFC 9728)."""

from collections.abc import Iterable

from app.models.oauth.authorization_types import AuthorizationType
from app.models.oauth.resources import Resource
from app.schemas.protected_resources import ProtectedResourceMetadata

WELL_KNOWN = "/.well-known/oauth-protected-resource"
BEARER_METHODS = ("header",)


def resource_metadata(
    resource: Resource, *, issuer: str, types: Iterable[AuthorizationType]
) -> ProtectedResourceMetadata:
    """Return the metadata of a resource, with those of the types of authorization details that are
    for it in particular.

    It says nothing that only the resource itself knows, such as how it signs its responses.
    """
    return ProtectedResourceMetadata(
        resource=resource.identifier,
        authorization_servers=[issuer],
        scopes_supported=[scope.name for scope in resource.scopes] or None,
        bearer_methods_supported=list(BEARER_METHODS),
        authorization_details_types_supported=[
            each.name for each in types if resource.name in each.resources
        ]
        or None,
        resource_name=resource.title,
    )


def well_known_url(identifier: str) -> str | None:
    """Return where a resource serves its metadata (RFC 9728 section 3.1).

    The well-known path is inserted between the host and what follows it, without the slash that
    ends an origin. An identifier that is not a web address has no such URL.
    """
    scheme, _, rest = identifier.partition("://")
    if scheme not in ("http", "https"):
        return None
    end = min((place for mark in "/?" if (place := rest.find(mark)) >= 0), default=len(rest))
    tail = rest[end:]
    if tail == "/" or tail.startswith("/?"):
        tail = tail[1:]
    return f"{scheme}://{rest[:end]}{WELL_KNOWN}{tail}"


def challenge(metadata_url: str) -> str:
    """Return the header line of a resource that refuses a request (RFC 9728 section 5.1)."""
    return f'WWW-Authenticate: Bearer resource_metadata="{metadata_url}"'
