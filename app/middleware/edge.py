"""What every request passes, whichever lane answers it, and the fast lane itself.

Request id, body limit, security headers, the log line and the catch-all for errors are here once.
Then the hot endpoints are called directly; everything else goes to FastAPI, which declares the hot
endpoints too, so that with the fast lane off the same functions answer.
"""

import secrets
import time
from collections.abc import Mapping

from app.errors import PosternError
from app.middleware.body_limit import BodyReader, ClientGoneError, replaying
from app.middleware.forwarded import ForwardedFor
from app.middleware.http import (
    AsgiApp,
    Endpoint,
    ErrorRenderer,
    HttpRequest,
    HttpResponse,
    Message,
    Receive,
    Scope,
    Send,
)
from app.middleware.security_headers import SecurityHeaders
from app.observability.access_log import AccessLog
from app.observability.logging import logger

log = logger(__name__)


class Edge:
    """The ASGI application that the server calls."""

    def __init__(
        self,
        application: AsgiApp,
        *,
        fast_lane: Mapping[tuple[str, str], Endpoint],
        forwarded_for: ForwardedFor,
        body_reader: BodyReader,
        security_headers: SecurityHeaders,
        access_log: AccessLog | None,
        render_error: ErrorRenderer,
    ) -> None:
        self.application = application
        self.fast_lane = fast_lane
        self.forwarded_for = forwarded_for
        self.body_reader = body_reader
        self.security_headers = security_headers
        self.access_log = access_log
        self.render_error = render_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _Exchange(self, scope, receive, send).run()
        elif scope["type"] == "lifespan":
            await self.application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_edge", "_receive", "_request_id", "_scope", "_send", "_started_at", "_status")

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
        self._edge = edge
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request_id = secrets.token_hex(8)
        self._started_at = time.perf_counter()
        self._status = 0

    async def run(self) -> None:
        scope = self._scope
        self._edge.forwarded_for.apply(scope)
        try:
            body = await self._edge.body_reader.read(scope["headers"], self._receive)
            endpoint = self._edge.fast_lane.get((scope["method"], scope["path"]))
            if endpoint is not None:
                await self._answer(await endpoint(request_of(scope, body)))
            else:
                await self._edge.application(
                    scope, replaying(body, self._receive), self._send_with_headers
                )
        except ClientGoneError:
            return
        except Exception as error:  # noqa: BLE001, RUF100 - the one place that turns a bug into an answer
            await self._fail(error)
        self._write_log_line()

    async def _answer(self, response: HttpResponse) -> None:
        await self._send_with_headers(
            {"type": "http.response.start", "status": response.status, "headers": response.headers}
        )
        await self._send({"type": "http.response.body", "body": response.body})

    async def _send_with_headers(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = self._edge.security_headers.added_to(
                message["headers"], request_id=self._request_id.encode("ascii")
            )
        await self._send(message)

    async def _fail(self, error: Exception) -> None:
        if not isinstance(error, PosternError):
            log.error("request %s failed", self._request_id, exc_info=error)
        if not self._status:
            await self._answer(self._edge.render_error(error, self._scope["path"]))

    def _write_log_line(self) -> None:
        if self._edge.access_log is not None:
            self._edge.access_log.write(
                self._scope,
                status=self._status,
                seconds=time.perf_counter() - self._started_at,
                request_id=self._request_id,
            )


def request_of(scope: Scope, body: bytes) -> HttpRequest:
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=scope["headers"],
        body=body,
    )
