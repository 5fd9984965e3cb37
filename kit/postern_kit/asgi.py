"""Middleware for Starlette and every other ASGI framework."""

import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any

from postern_kit.issuers import IssuerError
from postern_kit.refusals import Refusal
from postern_kit.resource_server import NOTHING_MORE, Requirements, ResourceServer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

STATE_KEY = "access_token"
log = logging.getLogger("postern_kit")


class TokenMiddleware:
    """Require a valid token for every request, and serve the metadata of the resource.

    The token is `request.state.access_token`. `requirements` of paths replace the general ones;
    a path is compared exactly. `public_paths` need no token. CORS preflight requests pass.
    WebSocket connections are refused.
    """

    def __init__(
        self,
        app: Application,
        *,
        server: ResourceServer,
        requirements: Requirements = NOTHING_MORE,
        paths: Mapping[str, Requirements] | None = None,
        public_paths: Collection[str] = (),
    ) -> None:
        self._app = app
        self._server = server
        self._requirements = requirements
        self._paths = paths or {}
        self._public_paths = frozenset(public_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _close(receive, send)  # tokens in its headers are not supported
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path == self._server.metadata_path:
            await respond(
                send, 200, self._server.metadata(), [("access-control-allow-origin", "*")]
            )
            return
        if path not in self._public_paths and not _is_preflight(scope):
            try:
                token = await self._server.authenticate(
                    headers_of(scope),
                    method=scope["method"],
                    path=raw_path_of(scope),
                    requirements=self._paths.get(path, self._requirements),
                )
            except (Refusal, IssuerError) as error:
                await refuse(send, self._server, error)
                return
            scope.setdefault("state", {})[STATE_KEY] = token
        await self._app(scope, receive, send)


class IssuerErrorMiddleware:
    """Respond with 503 while the issuer does not respond.

    For applications whose framework calls the verifier itself, as the official MCP SDK does:
    `app.add_middleware(IssuerErrorMiddleware, server=server)`. Starlette responds with 500 before
    the error reaches what is around the application. `PosternProvider` adds it to FastMCP.
    """

    def __init__(self, app: Application, *, server: ResourceServer) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except IssuerError as error:
            if scope["type"] != "http" or has_begun:
                raise
            await refuse(send, self._server, error)


def headers_of(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


def raw_path_of(scope: Scope) -> str:
    """Return the path as the client sent it, as a DPoP proof has it."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1").partition("?")[0] if raw else str(scope["path"])


def refusal_response(
    server: ResourceServer, error: Refusal | IssuerError
) -> tuple[int, dict[str, str], list[tuple[str, str]]]:
    """Return status, body and headers of a refusal, and log the reason."""
    if isinstance(error, IssuerError):
        log.error("The issuer %s does not respond: %s", server.issuer, error)
        return 503, {"error": "temporarily_unavailable"}, [("retry-after", "5")]
    log.info("Refused with %s %s: %s", error.status, error.error or "", error)
    return error.status, error.body(), [("www-authenticate", server.challenge(error))]


async def refuse(send: Send, server: ResourceServer, error: Refusal | IssuerError) -> None:
    status, body, headers = refusal_response(server, error)
    await respond(send, status, body, headers)


async def respond(send: Send, status: int, body: object, headers: list[tuple[str, str]]) -> None:
    content = json.dumps(body).encode()
    own = [("content-type", "application/json"), ("content-length", str(len(content)))]
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in [*own, *headers]]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})


def _is_preflight(scope: Scope) -> bool:
    names = {name.lower() for name, _ in scope["headers"]}
    return scope["method"] == "OPTIONS" and b"access-control-request-method" in names


async def _close(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})
