"""Authorization server metadata (RFC 8414), read off the registries."""

from app.oauth.client_auth import CLIENT_AUTH_METHODS
from app.oauth.grants import GRANTS
from app.oauth.scopes import SCOPES
from app.schemas.metadata import ServerMetadata

# There is no authorization endpoint yet, so no response type either; RFC 8414 wants the member.
RESPONSE_TYPES: tuple[str, ...] = ()


def server_metadata(issuer: str, *, has_docs: bool) -> ServerMetadata:
    methods = [method.name for method in CLIENT_AUTH_METHODS]
    confidential = [method.name for method in CLIENT_AUTH_METHODS if method.proves_identity]
    return ServerMetadata(
        issuer=issuer,
        token_endpoint=f"{issuer}/token",
        introspection_endpoint=f"{issuer}/introspect",
        revocation_endpoint=f"{issuer}/revoke",
        grant_types_supported=[grant.grant_type for grant in GRANTS],
        response_types_supported=list(RESPONSE_TYPES),
        scopes_supported=list(SCOPES),
        token_endpoint_auth_methods_supported=methods,
        introspection_endpoint_auth_methods_supported=confidential,
        revocation_endpoint_auth_methods_supported=methods,
        service_documentation=f"{issuer}/docs" if has_docs else None,
    )
