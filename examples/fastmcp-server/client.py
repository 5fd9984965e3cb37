"""FastMCP's client: it registers itself, and the user signs in and allows both scopes."""

import asyncio
import os

import fastmcp
from fastmcp.client.auth import OAuth

SERVER = os.environ.get("SERVER", "http://localhost:8000/mcp")


class PrintedOAuth(OAuth):
    """Print the URL instead of opening a browser."""

    async def redirect_handler(self, authorization_url: str) -> None:
        print(f"Open {authorization_url}", flush=True)


async def main() -> None:
    auth = PrintedOAuth(client_name="Example client", callback_port=8765)
    async with fastmcp.Client(SERVER, auth=auth) as client:
        print((await client.call_tool("read_notes")).data)
        print((await client.call_tool("add_note", {"text": "Buy milk"})).data)
        print((await client.call_tool("read_notes")).data)


if __name__ == "__main__":
    asyncio.run(main())
