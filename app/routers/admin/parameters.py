"""Parameters in the paths and queries of the admin API."""

from typing import Annotated

from fastapi import Path

from app.services.clients.client_tokens import TOKEN_ID

GROUP_ID = USER_ID = "^[0-9a-f]{32}$"
CLIENT_ID = "^[A-Za-z0-9._~-]{1,255}$"

GroupId = Annotated[str, Path(pattern=GROUP_ID)]
UserId = Annotated[str, Path(pattern=USER_ID)]
RoleId = Annotated[
    str,
    Path(
        pattern="^([0-9a-f]{32}|administrator|auditor)$",
        description="The ID of a role; those of the reserved roles are their names.",
    ),
]
ClientId = Annotated[str, Path(pattern=CLIENT_ID)]
ProviderName = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]
ScopeNameInPath = Annotated[str, Path(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")]
AuthorizationTypeName = ScopeNameInPath
ResourceName = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,64}$", description="The short name of a resource.")
]
TrustedIssuerName = Annotated[
    str, Path(pattern="^[a-z0-9-]{1,64}$", description="The name of a trusted issuer.")
]
SessionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
WebhookId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
TokenId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HostInPath = Annotated[str, Path(pattern=rf"^{LABEL}(\.{LABEL})*\.?$", max_length=255)]
ClientTokenId = Annotated[
    str,
    Path(
        pattern=f"^({TOKEN_ID.pattern})$",
        description="The ID of a token family, or the digest of an access token.",
    ),
]
RequestId = Annotated[str, Path(pattern="^[A-Za-z0-9._-]{1,64}$")]
AttributeNameInPath = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,63}$")]
