"""What every request passes, whichever lane answers it, and the fast lane itself.

HEAD is answered as GET, and the server leaves the body out (RFC 9110 section 9.3.2); a page, whose
GET may have an effect, answers it without doing anything.
Request id, body limit, security headers, the log line and the catch-all for errors are here once.
Then the hot endpoints are called directly; everything else goes to FastAPI, which declares the hot
endpoints too, so that with the fast lane off the same functions answer.
"""

import itertools
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from app import deadline
from app.deadline import UNKNOWN_CONNECTION
from app.errors import NO_THREAD, NotFoundError, PosternError, is_exhaustion
from app.middleware.body_limit import BodyReader, ClientGoneError, replaying
from app.middleware.cors import Cors
from app.middleware.forwarded import ForwardedFor
from app.middleware.http import (
    CALLER_CONNECTION,
    IS_HEAD,
    WHOLE_RESPONSE,
    AsgiApp,
    Endpoint,
    Headers,
    HttpRequest,
    HttpResponse,
    Message,
    Receive,
    RenderError,
    Scope,
    Send,
    WholeResponse,
)
from app.middleware.security_headers import SecurityHeaders
from app.observability import origin, refusals
from app.observability.access_log import AccessLog
from app.observability.logging import logger
from app.observability.refusals import REFUSAL

log = logger(__name__)


class RequestIds:
    """Identifiers that no other process and no later start uses: a random part and a count."""

    def __init__(self) -> None:
        self._prefix: Final = secrets.token_hex(5)
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._prefix}{next(self._numbers):06x}"


class SlowLane:
    """Sends what FastAPI answers, with the headers that every answer has."""

    def __init__(
        self,
        send: Send,
        security_headers: SecurityHeaders,
        request_id: str,
        further: Headers,
    ) -> None:
        self._send = send
        self._further = further
        self._security_headers = security_headers
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._security_headers.added_to(
                [*message["headers"], *self._further], request_id=self._request_id
            )
        await self._send(message)


class Edge:
    """The ASGI application that the server calls.

    `database_seconds` is what a request has for all its database steps, from the moment its body is
    here.
    """

    def __init__(
        self,
        application: AsgiApp,
        *,
        fast_lane: Mapping[tuple[str, str], Endpoint],
        forwarded_for: ForwardedFor | None,
        body_reader: BodyReader,
        security_headers: SecurityHeaders,
        cors: Cors,
        access_log: AccessLog | None,
        render_error: RenderError,
        database_seconds: float,
    ) -> None:
        self._application = application
        self._with_lifespan = application
        self._fast_lane = fast_lane
        self._forwarded_for = forwarded_for
        self._body_reader = body_reader
        self._security_headers = security_headers
        self._cors = cors
        self._access_log = access_log
        self._render_error = render_error
        self._database_seconds = database_seconds
        self._request_ids = RequestIds()

    def answer_by(self, stand_in: AsgiApp) -> Callable[[], None]:
        """Let another application answer every request; return what undoes that."""
        own = self._application, self._fast_lane
        self._application, self._fast_lane = stand_in, {}

        def undo() -> None:
            self._application, self._fast_lane = own

        return undo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                await self._exchange(scope, receive, send)
            finally:
                deadline.end()
        elif scope["type"] == "lifespan":
            await self._with_lifespan(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request and its answer."""
        started_at = time.perf_counter()
        request_id = self._request_ids.next()
        slow_lane = None
        further: Headers = ()
        if self._forwarded_for is not None:
            self._forwarded_for.apply(scope)
        scope["request_id"] = request_id
        origin.answer_to(scope)
        extensions = scope.get("extensions") or {}
        connection = extensions.get(CALLER_CONNECTION, UNKNOWN_CONNECTION)
        deadline.begin(started_at + self._database_seconds, connection)
        try:
            if scope["path"].endswith("\n"):  # before which `$` in a route's pattern matches too
                raise NotFoundError
            further = await self._cors.headers_for(scope)
            body = self._body_reader.read_at_once(scope)
            if body is None:
                body = await self._body_reader.read(scope, receive)
            asked = scope
            if scope["method"] == "HEAD":
                asked = {**scope, "method": "GET", IS_HEAD: True}
            endpoint = self._fast_lane.get((asked["method"], asked["path"]))
            if endpoint is not None:
                response = await endpoint(HttpRequest.of(asked, body))
                status = await self._send_whole(response, scope, send, request_id, further)
            elif (preflight := self._cors.preflight(scope, further)) is not None:
                status = await self._send_whole(preflight, scope, send, request_id, further)
            else:
                slow_lane = SlowLane(send, self._security_headers, request_id, further)
                await self._application(asked, replaying(body, receive), slow_lane.send)
                status = slow_lane.status
        except ClientGoneError:
            return
        except Exception as error:
            if isinstance(error, PosternError):
                pass  # a refusal, which is written below
            elif is_exhaustion(error):
                log.warning("request %s failed: %s", request_id, NO_THREAD)
            else:
                log.error("request %s failed", request_id, exc_info=error)
            if slow_lane is not None and slow_lane.status:
                status = slow_lane.status  # it has begun to answer, and cannot take that back
            else:
                response = self._render_error(error, scope["path"])
                status = await self._send_whole(response, scope, send, request_id, further)
        if status >= HTTPStatus.BAD_REQUEST or REFUSAL in scope:
            refusals.write(scope, status=status, request_id=request_id)
        if self._access_log is not None:
            seconds = time.perf_counter() - started_at
            self._access_log.write(scope, status=status, seconds=seconds, request_id=request_id)

    async def _send_whole(
        self,
        response: HttpResponse,
        scope: Scope,
        send: Send,
        request_id: str,
        further: Headers,
    ) -> int:
        """Sends an answer that is complete, and gives its status."""
        status, body, own_headers = response
        if further:
            own_headers = (*own_headers, *further)
        extension = (scope.get("extensions") or {}).get(WHOLE_RESPONSE)
        if extension is not None:
            at_once: WholeResponse = extension["send"]
            lines = self._security_headers.lines(own_headers, request_id=request_id)
            if lines is not None and at_once(scope, status, lines, body):
                return status
        headers = self._security_headers.added_to(own_headers, request_id=request_id)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return status
