"""An MCP server with the official SDK, whose users sign in with Postern."""

import os

import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from postern_kit import Refusal, ResourceServer
from postern_kit.asgi import IssuerErrorMiddleware

ISSUER = os.environ.get("ISSUER", "http://localhost:5000")
RESOURCE = os.environ.get("RESOURCE", "http://localhost:8000/mcp")
server = ResourceServer(RESOURCE, issuer=ISSUER)


class Verifier:
    """Verify access tokens with `postern-kit`, in the form of the SDK."""

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return a valid token, or None."""
        try:
            verified = await server.verifier.verify(token)
        except Refusal:
            return None
        if verified.is_bound:  # the SDK passes no proof on
            return None
        return AccessToken(
            token=token,
            client_id=verified.client_id or "",
            scopes=sorted(verified.scopes),
            expires_at=int(verified.expires_at),
            resource=RESOURCE,
            subject=verified.subject,
            claims=dict(verified.claims),
        )


mcp = MCPServer(
    "Notes",
    token_verifier=Verifier(),
    auth=AuthSettings(
        issuer_url=ISSUER,
        resource_server_url=RESOURCE,
        required_scopes=["notes:read"],
        validate_token_resource=True,
    ),
)


@mcp.tool()
def read_notes() -> list[str]:
    """Return the notes of the user."""
    token = get_access_token()
    return [f"A note of {token.subject}"] if token else []


app = mcp.streamable_http_app()
app.add_middleware(IssuerErrorMiddleware, server=server)

if __name__ == "__main__":
    uvicorn.run(app, port=8000)
