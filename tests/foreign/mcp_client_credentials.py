"""An agent that uses the MCP SDK's client credentials, and the server that it calls.

Runs in an environment of its own. The server does what any MCP server does: without a token it
points at its metadata (RFC 9728), which names the authorization server. Prints the claims of the
token that arrives, by the way in which the agent authenticates.
"""

import asyncio
import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
from mcp.client.auth.extensions.client_credentials import (  # type: ignore[import-not-found]  # installed where this runs
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)

GIVEN = json.load(sys.stdin)
URL = f"http://127.0.0.1:{GIVEN['port']}/mcp"
METADATA = "/.well-known/oauth-protected-resource/mcp"


class Storage:
    """Keeps no token."""

    async def get_tokens(self) -> None:
        return None

    async def set_tokens(self, tokens: Any) -> None:
        pass

    async def get_client_info(self) -> None:
        return None

    async def set_client_info(self, client_info: Any) -> None:
        pass


class McpServer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != METADATA:
            self._answer(404, {})
            return
        self._answer(
            200,
            {
                "resource": URL,
                "authorization_servers": [GIVEN["issuer"]],
                "scopes_supported": ["read"],
            },
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if token:
            payload = token.split(".")[1]
            claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
            self._answer(200, json.loads(claims))
            return
        challenge = f'Bearer resource_metadata="http://127.0.0.1:{GIVEN["port"]}{METADATA}"'
        self._answer(401, {}, ("WWW-Authenticate", challenge))

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: Any, *headers: tuple[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (
            *headers,
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def providers() -> dict[str, Any]:
    shared = {"server_url": URL, "storage": Storage(), "issuer": GIVEN["issuer"], "scope": "read"}
    by_key = GIVEN["by_key"]
    signed = SignedJWTParameters(
        issuer=by_key["client_id"],
        subject=by_key["client_id"],
        signing_key=by_key["key"],
        signing_algorithm="ES256",
    )
    return {
        "private_key_jwt": PrivateKeyJWTOAuthProvider(
            client_id=by_key["client_id"],
            assertion_provider=signed.create_assertion_provider(),
            **shared,
        ),
        **{
            method: ClientCredentialsOAuthProvider(
                token_endpoint_auth_method=method, **GIVEN[method], **shared
            )
            for method in ("client_secret_basic", "client_secret_post")
        },
    }


async def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", GIVEN["port"]), McpServer)
    Thread(target=server.serve_forever, daemon=True).start()
    said = {}
    for name, provider in providers().items():
        async with httpx2.AsyncClient(auth=provider) as client:
            said[name] = (await client.post(URL, json={})).json()
    server.shutdown()
    sys.stdout.write(json.dumps(said))


asyncio.run(main())
