"""An agent with the client of the official MCP SDK, or with FastMCP's.

Runs in an environment of its own. Reads one line of JSON, prints lines of JSON: `open` is a URL
for the user's browser, the last line says what happened. It calls a tool, refreshes, and calls a
tool that needs another scope.
"""

import asyncio
import json
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fastmcp  # type: ignore[import-not-found]  # this and the next are installed where this runs
from fastmcp.client.auth import OAuth  # type: ignore[import-not-found]
from mcp import Client  # type: ignore[import-not-found]
from mcp.client.auth import (  # type: ignore[import-not-found]
    AuthorizationCodeResult,
    OAuthClientProvider,
)
from mcp.client.streamable_http import (  # type: ignore[import-not-found]
    create_mcp_http_client,
    streamable_http_client,
)
from mcp.shared.auth import OAuthClientMetadata  # type: ignore[import-not-found]

GIVEN = json.loads(sys.stdin.readline())
SERVER, DOCUMENT, PORT = GIVEN["server"], GIVEN["document"], GIVEN["port"]


class Memory:
    """Store the client and its tokens until the end of the program."""

    def __init__(self) -> None:
        self._tokens: Any = None
        self._client: Any = None

    async def get_tokens(self) -> Any:
        return self._tokens

    async def set_tokens(self, tokens: Any) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> Any:
        return self._client

    async def set_client_info(self, client_info: Any) -> None:
        self._client = client_info


class Callback:
    """Receive the answers of the authorization server, one after the other."""

    def __init__(self) -> None:
        self._answers: asyncio.Queue[Any] = asyncio.Queue()

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", PORT)

    async def show(self, url: str) -> None:
        say(open=url)

    async def wait(self) -> Any:
        return await self._answers.get()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ")[1]
        values = {name: value[0] for name, value in parse_qs(urlsplit(target).query).items()}
        if "code" in values:
            await self._answers.put(AuthorizationCodeResult.model_validate(values))
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nDone")
        await writer.drain()
        writer.close()


def say(**values: Any) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def sdk() -> AsyncIterator[tuple[Any, Any]]:
    """Yield a connected client of the official SDK, and its provider of tokens."""
    callback = Callback()
    auth = OAuthClientProvider(
        SERVER,
        OAuthClientMetadata(
            client_name="An agent",
            redirect_uris=[f"http://127.0.0.1:{PORT}/callback"],
            grant_types=["authorization_code", "refresh_token"],
            token_endpoint_auth_method="none",
        ),
        Memory(),
        redirect_handler=callback.show,
        callback_handler=callback.wait,
        client_metadata_url=DOCUMENT,
    )
    async with (
        await callback.listen(),
        create_mcp_http_client(auth=auth) as http,
        Client(streamable_http_client(SERVER, http_client=http)) as client,
    ):
        yield client, auth


@asynccontextmanager
async def fast() -> AsyncIterator[tuple[Any, Any]]:
    """Yield a connected client of FastMCP, and its provider of tokens."""
    webbrowser.open = lambda url, *_: say(open=url) or True  # type: ignore[func-returns-value]
    auth = OAuth(client_name="An agent", callback_port=PORT, client_metadata_url=DOCUMENT)
    async with fastmcp.Client(SERVER, auth=auth) as client:
        yield client, auth


async def main() -> None:
    texts, tokens = [], []
    async with {"sdk": sdk, "fastmcp": fast}[GIVEN["client"]]() as (client, auth):

        async def call(tool: str, **arguments: Any) -> None:
            texts.append((await client.call_tool(tool, arguments)).content[0].text)
            tokens.append(auth.context.current_tokens.model_dump(mode="json"))

        await call("read_notes")
        auth.context.token_expiry_time = 1.0  # as if the access token had expired
        await call("read_notes")
        await call("add_note", text="Buy milk")
        await call("read_notes")
        say(client_id=auth.context.client_info.client_id, texts=texts, tokens=tokens)


if __name__ == "__main__":
    asyncio.run(main())
