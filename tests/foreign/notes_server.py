"""The server of `examples/mcp-server`, with a tool that needs a scope of its own.

Runs in an environment with the official SDK; the folders of the example and of `postern-kit` are
on the path.
"""

import json
import os
from typing import Any

import server as example  # type: ignore[import-not-found]  # on the path where this runs
import uvicorn
from postern_kit import Refusal, Requirements, ResourceServer
from postern_kit.asgi import Application, Receive, Scope, Send, headers_of, raw_path_of, refuse

WRITE = Requirements(scopes=["notes:write"])


@example.mcp.tool()  # type: ignore[untyped-decorator]  # as above
def add_note(text: str) -> str:
    """Add a note."""
    return f"Added: {text}"


class StepUp:
    """Refuse a call of `add_note` without `notes:write`, with the challenge for a step-up."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._server = ResourceServer(example.RESOURCE, issuer=example.ISSUER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if _tool_in(body) == "add_note":
            try:
                await self._server.authenticate(
                    headers_of(scope), method="POST", path=raw_path_of(scope), requirements=WRITE
                )
            except Refusal as refusal:
                await refuse(send, self._server, refusal)
                return
        pending = [{"type": "http.request", "body": body}]

        async def replay() -> Any:
            return pending.pop() if pending else await receive()

        await self._app(scope, replay, send)


def _tool_in(body: bytes) -> str | None:
    request = json.loads(body)
    if request.get("method") != "tools/call":
        return None
    return str(request["params"]["name"])


if __name__ == "__main__":
    uvicorn.run(StepUp(example.mcp.streamable_http_app()), port=int(os.environ["PORT"]))
