"""Protected resource metadata (RFC 9728 section 2)."""

from pydantic import BaseModel


class ProtectedResourceMetadata(BaseModel):
    """What a client needs to know to get a token for a resource. Absent members are left out."""

    resource: str
    authorization_servers: list[str]
    scopes_supported: list[str] | None = None
    bearer_methods_supported: list[str]
    authorization_details_types_supported: list[str] | None = None
    resource_name: str
