"""An MCP client with the official SDK: it registers itself, and the user signs in once."""

import asyncio
import os
from urllib.parse import parse_qs, urlsplit

from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

SERVER = os.environ.get("SERVER", "http://localhost:8000/mcp")
PORT = 8765


class Memory:
    """Store tokens until the end of the program; a real client stores them in the keychain."""

    def __init__(self) -> None:
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


class Callback:
    """Receive the answer of the authorization server on this machine (RFC 8252)."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[AuthorizationCodeResult] = asyncio.Future()

    async def listen(self) -> asyncio.Server:
        """Listen for one request of the browser."""
        return await asyncio.start_server(self._serve, "127.0.0.1", PORT)

    async def show(self, url: str) -> None:
        """Tell the user where to sign in."""
        print(f"Open {url}", flush=True)

    async def wait(self) -> AuthorizationCodeResult:
        """Wait until the browser returns."""
        return await self._answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readline()).decode().split(" ")[1]
        values = {name: value[0] for name, value in parse_qs(urlsplit(target).query).items()}
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nYou can close this page.\n")
        await writer.drain()
        writer.close()
        if "code" in values and not self._answer.done():
            self._answer.set_result(AuthorizationCodeResult.model_validate(values))


async def main() -> None:
    callback, memory = Callback(), Memory()
    auth = OAuthClientProvider(
        SERVER,
        OAuthClientMetadata(
            client_name="Example client",
            redirect_uris=[f"http://127.0.0.1:{PORT}/callback"],
            grant_types=["authorization_code", "refresh_token"],
            token_endpoint_auth_method="none",
        ),
        memory,
        redirect_handler=callback.show,
        callback_handler=callback.wait,
    )
    async with (
        await callback.listen(),
        create_mcp_http_client(auth=auth) as http,
        Client(streamable_http_client(SERVER, http_client=http)) as client,
    ):
        result = await client.call_tool("read_notes", {})
        print(result.content[0].text)


if __name__ == "__main__":
    asyncio.run(main())
