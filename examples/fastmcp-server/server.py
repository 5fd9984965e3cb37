"""A FastMCP server, whose users sign in with Postern."""

import os

from fastmcp import FastMCP
from fastmcp.server.auth import require_scopes
from fastmcp.server.dependencies import get_access_token
from postern_kit import ResourceServer
from postern_kit.fastmcp import PosternProvider

server = ResourceServer(
    os.environ.get("RESOURCE", "http://localhost:8000/mcp"),
    issuer=os.environ.get("ISSUER", "http://localhost:5000"),
    scopes_supported=["notes:read", "notes:write"],
    implies={"notes:write": ["notes:read"]},
)
auth = PosternProvider(
    server, required_scopes=["notes:read"], challenge_scopes=["notes:read", "notes:write"]
)
mcp = FastMCP("Notes", auth=auth)
notes: dict[str, list[str]] = {}


def user() -> str:
    """Return the subject of the caller's token."""
    token = get_access_token()
    return str(token.claims["sub"]) if token else ""


@mcp.tool
def read_notes() -> list[str]:
    """Return the notes of the user."""
    return notes.get(user(), [])


@mcp.tool(auth=require_scopes("notes:write"))
def add_note(text: str) -> int:
    """Add a note, and return how many the user has."""
    notes.setdefault(user(), []).append(text)
    return len(notes[user()])


if __name__ == "__main__":
    mcp.run(transport="http", host="127.0.0.1", port=8000, path="/mcp")
